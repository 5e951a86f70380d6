"""Who stays under an earlier pepper, and which pepper nobody may go on without (Rules C2, C4, L2)."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client, override_settings

from adieu.accounts.addresses import seal
from adieu.identities.models import IdentityClaim
from adieu.identities.operations import free_keys, hold_keys
from adieu.identities.queries import ClaimStatus, key_for, status_of
from adieu.kit import keys, sql
from adieu.kit.transactions import transaction
from adieu.ops.backups import back_up
from adieu.ops.restoring import restore
from adieu.tenancy import invitations, offers
from adieu.tenancy.models import Role
from adieu.tenancy.queries import organizations_of
from adieu.vault import operations as vault
from adieu.vault.pairing import ForeignVault, VaultNeedsPepper
from tests.support.cast import make_account
from tests.support.entrance import ask_for_reset, mail_to
from tests.support.people import join, leave
from tests.support.peppers import installation_to_rotate, rotate

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB = "alice@example.org", "bob@example.org"
type Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _installation(tmp_path: Path, now: datetime) -> Iterator[None]:
    with installation_to_rotate(tmp_path, now):
        yield


@pytest.fixture
def bob(now: datetime) -> UUID:
    """Somebody who stayed under pepper 1: the new key waited for an operator, who let him in afterwards."""
    bob = join(BOB, now)
    keys.make_next(data_dir=settings.ADIEU.data_dir, purpose=keys.PEPPER)
    settings.PEPPERS = keys.peppers(data_dir=settings.ADIEU.data_dir, given=None)
    held = [(key_for(kind="email", identifier=BOB), 1, 2)]
    with transaction():
        hold_keys(keys=held, since=now)
    assert rotate() == 0
    with transaction():
        free_keys(keys=held, since=now)
    assert IdentityClaim.objects.get(account_id=bob).pepper_version == 1
    return bob


def test_who_stays_under_an_earlier_pepper_is_found_at_every_door(bob: UUID, now: datetime) -> None:
    ask_for_reset(Client(), BOB)
    assert [mail.subject for mail in mail_to(BOB)][-1] == "Your code for a new password"
    alice = join(ALICE, now)
    office = organizations_of(account_id=alice)[0].id
    invitations.invite(organization_id=office, account_id=alice, addresses=[BOB], role=Role.MEMBER, now=now)
    assert len(offers.offers_to(account_id=bob, now=now)) == 1


def test_whoever_left_under_a_pepper_that_is_not_here_does_not_come_back(
    now: datetime, tmp_path: Path
) -> None:
    """A backup and keys from before a rotation, and a ledger that tells of a deletion after it."""
    join(BOB, now)
    old = dict(settings.PEPPERS)
    back_up(file := tmp_path / "monday.adieu", now=now)
    assert rotate() == 0
    leave(join(ALICE, now), ALICE, now)
    with (
        override_settings(PEPPERS=old),
        pytest.raises(VaultNeedsPepper, match=r"bring keys/pepper-2\.key"),
    ):
        list(restore(file))
    # Only the vault, which is in no backup, knows by now which pepper had that number.
    with override_settings(PEPPERS={**old, 2: b"another" * 5}), pytest.raises(ForeignVault):
        list(restore(file))
    assert list(restore(file))
    assert status_of(kind="email", identifier=ALICE) is ClaimStatus.RETIRED


def test_no_other_pepper_takes_the_place_of_one_that_is_missing(now: datetime, capsys: Said) -> None:
    """As after a restore that was cut off: another pepper 2 would find none of these keys."""
    join(BOB, now)
    sql.run(
        "INSERT INTO identities_identityclaim (key, rule_version, pepper_version, retired_at)"
        " VALUES (%s, 1, 2, %s)",
        ["a" * 64, now],
    )
    assert rotate() == 2
    assert "needs pepper 2" in capsys.readouterr().err
    folder = settings.ADIEU.data_dir / keys.FOLDER
    assert [path.name for path in folder.glob("pepper-*.key")] == ["pepper-1.key"]


def test_who_waits_beside_a_retired_address_is_still_found_after_a_rotation(now: datetime) -> None:
    """Else nobody sweeps it, and the address of somebody who left stays in the vault."""
    alice, second = join(ALICE, now), make_account()
    vault.put(account_id=second, address=ALICE, now=now)
    EmailAddress.objects.create(user_id=second, email=seal(ALICE))
    leave(alice, ALICE, now)
    [retired] = IdentityClaim.objects.filter(retired_at__isnull=False).values_list("key", flat=True)
    assert rotate() == 0
    waiting = sql.rows("SELECT email FROM account_emailaddress")
    assert waiting == [(f"{retired}@sealed.invalid",)]
