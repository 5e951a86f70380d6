"""What a new root key ends, and what it leaves, as the how-to for keys says it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from adieu.core.receipts import NotGenuine, verify
from adieu.deletion.farewell import DeletionNotFound, link_token, progress_by_token
from adieu.deletion.receipts import published_keys, receipt_file
from adieu.deletion.verification import code_of
from adieu.identities.queries import ClaimStatus, status_of
from adieu.tenancy import api_keys, offers
from adieu.tenancy.queries import organizations_of
from tests.support.entrance import is_signed_in, join_by_browser, sign_in
from tests.support.people import join, leave, work
from tests.support.peppers import installation_to_rotate

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB = "alice@example.org", "bob@example.org"
OTHER = b"another root key of 32 characters"


@pytest.fixture(autouse=True)
def _installation(tmp_path: Path, now: datetime) -> Iterator[None]:
    with installation_to_rotate(tmp_path, now):
        yield


def test_sessions_end_and_people_sign_in_again() -> None:
    browser = join_by_browser(BOB)
    assert is_signed_in(browser)
    with override_settings(ROOT_KEY=OTHER):
        assert not is_signed_in(browser)
        sign_in(again := Client(), BOB)
        assert is_signed_in(again)


def test_api_keys_end(now: datetime) -> None:
    bob = join(BOB, now)
    office = organizations_of(account_id=bob)[0].id
    made = api_keys.create(account_id=bob, organization_id=office, name="loader", expires_at=None, now=now)
    assert api_keys.is_live(secret=made.secret, now=now)
    with override_settings(ROOT_KEY=OTHER):
        assert not api_keys.is_live(secret=made.secret, now=now)


def test_links_and_codes_are_others(now: datetime) -> None:
    deletion_id = leave(join(ALICE, now), ALICE, now)
    link, offer = link_token(deletion_id=deletion_id), offers.token_of(deletion_id)
    code = code_of(request_id=deletion_id, number=1)
    assert progress_by_token(token=link, now=now).done_count == 0
    with override_settings(ROOT_KEY=OTHER):
        with pytest.raises(DeletionNotFound):
            progress_by_token(token=link, now=now)
        assert offers.token_of(deletion_id) != offer
        assert code_of(request_id=deletion_id, number=1) != code


def test_a_receipt_that_somebody_has_stays_genuine_and_one_given_out_later_is_not(now: datetime) -> None:
    deletion_id = leave(join(ALICE, now), ALICE, now)
    work(now)
    kept = receipt_file(deletion_id=deletion_id)
    assert kept
    with override_settings(ROOT_KEY=OTHER):
        assert verify(kept, keys=published_keys()).says["deletion"] == str(deletion_id)
        later = receipt_file(deletion_id=deletion_id)
        assert later
        with pytest.raises(NotGenuine):
            verify(later, keys=published_keys())


def test_whoever_left_stays_out() -> None:
    now = timezone.now()
    leave(join(ALICE, now), ALICE, now)
    with override_settings(ROOT_KEY=OTHER):
        assert status_of(kind="email", identifier=ALICE) is ClaimStatus.RETIRED
