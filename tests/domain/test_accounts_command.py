"""`adieu accounts delete`: by a letter or a mail somebody asks an operator to delete them (Rule D12)."""

import io
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.utils import timezone

from adieu.accounts.models import Account
from adieu.activities.models import OperatorAct
from adieu.deletion.models import DeletionRequest
from adieu.ledger.opening import open_ledger
from adieu.ops import vaults
from adieu.ops.main import main
from adieu.tenancy.models import Organization, OrganizationMembership, Role
from tests.support.ledgers import hide_ledger, place_for_a_ledger, show_ledger
from tests.support.people import join
from tests.support.rooms import make_organization, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB = "alice@example.org", "bob@example.org"
type Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path) -> Iterator[None]:
    vaults.pair()
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=timezone.now())
        yield


@pytest.fixture
def alice() -> UUID:
    return join(ALICE, timezone.now(), is_welcomed=False)


@pytest.fixture
def office(alice: UUID) -> UUID:
    """Alice's alone, with Bob as a member."""
    now = timezone.now()
    office = make_organization(alice, now)
    put_into(office, join(BOB, now, is_welcomed=False), now)
    return office


def delete(monkeypatch: pytest.MonkeyPatch, typed: str, *options: str, reason: str = "asked") -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
    return main(["accounts", "delete", "--reason", reason, *options])


def is_there(account_id: UUID) -> bool:
    return Account.objects.filter(id=account_id).exists()


@pytest.mark.parametrize("options", [(), ("--email", "-"), ("--email", ALICE)])
def test_it_deletes_and_says_nothing_of_anybody(
    alice: UUID, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert delete(monkeypatch, "Alice@EXAMPLE.org", *options, reason="law") == 0
    assert not is_there(alice)
    deletion_id = DeletionRequest.objects.get().id
    said = capsys.readouterr()
    assert (
        said.out
        == f"The account is gone. Deletion {deletion_id} erases the rest; its person is told by mail.\n"
    )
    assert said.err == ""
    assert main(["log"]) == 0
    shown = capsys.readouterr().out
    assert f"a command on this machine deleted an account, because the law demands it: {deletion_id}" in shown


def test_what_is_in_the_way_is_named_and_nothing_changes(
    alice: UUID, office: UUID, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert delete(monkeypatch, ALICE) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "adieu: Nothing was deleted, because something is in the way.",
        f"  sole_organization_owner: organization {office} “Office”",
        "Say what becomes of it: --hand-over-to ADDRESS or --delete-orphaned-organizations.",
    ]
    assert is_there(alice)
    assert not OperatorAct.objects.exists()
    assert not DeletionRequest.objects.exists()


@pytest.mark.parametrize("said_how", ["argument", "next line"])
def test_it_hands_over(alice: UUID, office: UUID, said_how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heir = BOB if said_how == "argument" else "-"
    assert delete(monkeypatch, f"{ALICE}\n{BOB}", "--hand-over-to", heir) == 0
    assert not is_there(alice)
    [owner] = OrganizationMembership.objects.filter(organization_id=office)
    assert (owner.role, OperatorAct.objects.count()) == (Role.OWNER, 2)


@pytest.mark.usefixtures("office")
def test_it_deletes_what_would_have_no_owner(alice: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    assert delete(monkeypatch, ALICE, "--delete-orphaned-organizations") == 0
    assert not is_there(alice)
    assert not Organization.objects.exists()


NO_ADDRESS = "not an e-mail address that mail can be sent to"
MISTAKES = [
    (("nobody@example.org",), "There is no such account."),
    (("alice at example",), NO_ADDRESS),
    (("",), NO_ADDRESS),
    ((ALICE, "--hand-over-to", "nobody@example.org"), "Nobody here has the address"),
    ((ALICE, "--hand-over-to", ALICE), "cannot be handed over to themselves"),
    ((ALICE, "--hand-over-to", "-"), NO_ADDRESS),
]


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(("said", "refusal"), MISTAKES)
def test_a_mistake_is_one_line_and_changes_nothing(
    alice: UUID, said: tuple[str, ...], refusal: str, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert delete(monkeypatch, *said) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert refusal in shown.err
    assert "@" not in shown.err
    assert is_there(alice)
    assert (Account.objects.count(), Organization.objects.count(), OperatorAct.objects.count()) == (2, 1, 0)


def test_without_a_reason_from_the_list_nothing_is_done(alice: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit):
        delete(monkeypatch, ALICE, reason="because")
    with pytest.raises(SystemExit):
        delete(monkeypatch, ALICE, "--hand-over-to", BOB, "--delete-orphaned-organizations")
    assert is_there(alice)


def test_while_the_ledger_is_away_nothing_is_done(
    alice: UUID, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    hide_ledger()
    assert delete(monkeypatch, ALICE) == 2
    assert capsys.readouterr().err.startswith("adieu: ")
    assert is_there(alice)
    show_ledger()
