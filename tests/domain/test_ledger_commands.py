"""What an operator does about the ledger: `adieu ledger`, `adieu doctor`, and what members see meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from adieu.accounts.models import Account
from adieu.identities.queries import versioned_keys_of_account
from adieu.ledger.entries import Kind
from adieu.ledger.opening import open_ledger
from adieu.ledger.places import installed_ledger
from adieu.ops import doctor, vaults
from adieu.ops.main import main
from adieu.tenancy.models import Organization
from tests.support.ledgers import hide_ledger, place_for_a_ledger, show_ledger
from tests.support.people import join
from tests.support.visitors import Visitor, admit, enter, found

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path) -> Iterator[None]:
    vaults.pair()
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=timezone.now())
        yield


def ledger(*act: str) -> int:
    return main(["ledger", *act])


def left_open(account_id: UUID) -> str:
    """Let the ledger hold an intent of which the database knows nothing; give the deletion's id."""
    deletion_id = str(uuid4())
    body = {
        "deletion": deletion_id,
        "account": str(account_id),
        "fence": str(uuid4()),
        "keys": [list(key) for key in versioned_keys_of_account(account_id)],
    }
    installed_ledger().append(kind=Kind.INTENT, body=body, now=timezone.now())
    return deletion_id


def deleted_later(account_id: UUID) -> None:
    body = {"account": str(account_id), "keys": [], "fence": str(uuid4()), "deletion": str(uuid4())}
    installed_ledger().append(kind=Kind.CONFIRMED, body={"change": str(uuid4()), **body}, now=timezone.now())


def test_a_whole_ledger_is_said_to_be_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert ledger("verify") == 0
    assert capsys.readouterr().out == "The ledger is whole, 1 line, and this database fits it.\n"


def test_a_missing_one_is_said_in_one_line_and_the_doctor_says_it_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hide_ledger()
    assert ledger("verify") == 2
    said = capsys.readouterr().err
    assert said.startswith("adieu: The ledger is missing")
    assert said.count("\n") == 1
    assert not doctor.examine()
    assert "The ledger is missing" in capsys.readouterr().out
    show_ledger()
    assert doctor.examine()


def test_replaying_by_hand_is_what_each_start_does(capsys: pytest.CaptureFixture[str]) -> None:
    deleted_later(join(ALICE, timezone.now()))
    assert ledger("replay") == 0
    assert not Account.objects.exists()
    assert capsys.readouterr().out == "All that the ledger says is true here.\n"


def test_an_operator_hears_what_is_open_and_settles_it(capsys: pytest.CaptureFixture[str]) -> None:
    deletion_id = left_open(join(ALICE, timezone.now()))
    assert ledger("replay") == 0
    assert f"deletion {deletion_id} is open since a restore" in capsys.readouterr().out
    assert not doctor.examine()
    assert ledger("settle", deletion_id, "--was-not-erased") == 0
    assert capsys.readouterr().out.endswith("The account is unlocked.\n")
    assert Account.objects.get().locked_at is None
    assert ledger("settle", deletion_id, "--was-erased") == 1
    assert "no such deletion" in capsys.readouterr().err
    assert Account.objects.exists()


def test_an_operator_can_say_that_it_had_happened(capsys: pytest.CaptureFixture[str]) -> None:
    deletion_id = left_open(join(ALICE, timezone.now(), is_welcomed=False))
    assert ledger("settle", deletion_id, "--was-erased") == 0
    assert not Account.objects.exists()
    assert installed_ledger().head().number == len(list(installed_ledger().entries()))
    assert [entry.kind for entry in installed_ledger().entries()][-1] == Kind.CONFIRMED


@pytest.fixture
def bob() -> Visitor:
    """A member of an organization whose owner left after the backup."""
    alice, bob = enter("alice"), enter("bob")
    admit(found(alice, "Office"), bob)
    deleted_later(alice.account_id)
    assert ledger("replay") == 0
    return bob


def test_members_are_told_why_nothing_can_be_changed(bob: Visitor) -> None:
    page = bob.shown(f"/organizations/{Organization.objects.get(name='Office').pk}/")
    assert "waits for an owner" in page


def test_an_operator_names_an_owner_by_address(bob: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    office = Organization.objects.get(name="Office")
    capsys.readouterr()
    assert ledger("give", str(office.pk), "--to", "nobody@example.org") == 1
    assert ledger("give", str(office.pk), "--to", "no address") == 1
    assert Organization.objects.get(id=office.pk).locked_at
    assert ledger("give", str(office.pk), "--to", "BOB@example.org") == 0
    assert Organization.objects.get(id=office.pk).locked_at is None
    assert "waits for an owner" not in bob.shown(f"/organizations/{office.pk}/")
    assert "example.org" not in capsys.readouterr().err


@pytest.mark.only_on("sqlite")
def test_the_ledger_of_a_served_installation_is_for_its_owner_only() -> None:
    assert Path(settings.LEDGER).stat().st_mode & 0o777 == 0o600
