"""Operators are accounts like others, named by a command, and leave like others (Rule D12)."""

import io
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from django.utils import timezone

from adieu.accounts import operators
from adieu.accounts.models import Operator
from adieu.accounts.operations import register
from adieu.accounts.queries import AccountNotFound
from adieu.activities.models import OperatorAct
from adieu.core.canonical import NotAnAddress
from adieu.ledger.opening import open_ledger
from adieu.ops import vaults
from adieu.ops.main import main
from tests.support.crowds import all_at_once
from tests.support.ledgers import place_for_a_ledger
from tests.support.people import join, leave

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB, CHARLIE = "alice@example.org", "bob@example.org", "charlie@example.org"


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, now: datetime) -> Iterator[None]:
    vaults.pair()
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=now)
        yield


@pytest.fixture
def alice(now: datetime) -> UUID:
    return join(ALICE, now)


def recorded() -> list[tuple[str, str, str, UUID | None]]:
    return list(OperatorAct.objects.order_by("kind").values_list("kind", "reason", "subject_id", "actor_id"))


@pytest.mark.parametrize("spelling", [ALICE, "Alice@EXAMPLE.org"])
def test_a_command_names_an_operator_and_it_is_recorded(alice: UUID, now: datetime, spelling: str) -> None:
    bob = join(BOB, now)
    operators.add(address=spelling, now=now)
    assert operators.operators() == [(alice, now)]
    assert (operators.is_operator(account_id=alice), operators.is_operator(account_id=bob)) == (True, False)
    assert recorded() == [("operator.added", "staff", str(alice), None)]


def test_who_is_none_any_more_is_recorded_too(alice: UUID, now: datetime) -> None:
    operators.add(address=ALICE, now=now)
    operators.remove(address=ALICE, now=now)
    assert not operators.is_operator(account_id=alice)
    assert recorded() == [(f"operator.{what}", "staff", str(alice), None) for what in ("added", "removed")]


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("typed", [BOB, "bob at example", CHARLIE])
def test_a_mistyped_or_unverified_address_changes_nothing(now: datetime, typed: str) -> None:
    """Charlie signed up and never entered the code."""
    join(BOB, now)
    leave(join("bob.left@example.org", now), "bob.left@example.org", now)
    register(address=CHARLIE, password="a long walk in the rain", now=now)
    operators.add(address=ALICE, now=now)
    before = (operators.operators(), recorded())
    refusal = NotAnAddress if " " in typed else operators.NotAnOperator if typed == BOB else AccountNotFound
    with pytest.raises(refusal):
        operators.remove(address=typed, now=now)
    if typed != BOB:
        with pytest.raises(refusal):
            operators.add(address=typed, now=now)
    with pytest.raises(operators.AlreadyOperator):
        operators.add(address=ALICE, now=now)
    with pytest.raises(AccountNotFound):
        operators.add(address="bob.left@example.org", now=now)
    assert (operators.operators(), recorded()) == before


def test_an_operator_leaves_like_anyone_and_blocks_nothing(alice: UUID, now: datetime) -> None:
    bob = join(BOB, now)
    for address in (ALICE, BOB):
        operators.add(address=address, now=now)
    leave(alice, ALICE, now)
    assert operators.operators() == [(bob, now)]
    # What they did stays, by an id that leads to nobody any more.
    assert {subject for _, _, subject, _ in recorded()} == {str(alice), str(bob)}


def test_the_last_operator_leaves_as_well(alice: UUID, now: datetime) -> None:
    operators.add(address=ALICE, now=now)
    leave(alice, ALICE, now)
    assert not Operator.objects.exists()


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_who_name_the_same_one_is_told_so(alice: UUID, now: datetime, attempt: int) -> None:
    name = partial(operators.add, address=ALICE, now=now)
    results = all_at_once(name, name)
    assert sorted(type(result).__name__ for result in results) == ["AlreadyOperator", "NoneType"]
    assert (operators.operators(), len(recorded())) == ([(alice, now)], 1)


def adieu(monkeypatch: pytest.MonkeyPatch, typed: str, *words: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
    return main(list(words))


def test_the_commands_read_the_address_and_show_who_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alice = join(ALICE, timezone.now())
    assert adieu(monkeypatch, "", "operators", "list") == 0
    assert capsys.readouterr().out == "There is no operator.\n"
    assert adieu(monkeypatch, ALICE, "operators", "add") == 0
    assert adieu(monkeypatch, ALICE, "operators", "add") == 1
    assert adieu(monkeypatch, BOB, "operators", "add") == 1
    assert adieu(monkeypatch, "", "operators", "add") == 1
    assert adieu(monkeypatch, BOB, "operators", "remove") == 1
    said = capsys.readouterr()
    assert said.out == "The account is an operator.\n"
    assert said.err.splitlines()[:2] == [
        "adieu: This account is an operator already.",
        "adieu: There is no such account.",
    ]
    assert "@" not in said.out + said.err
    assert adieu(monkeypatch, "", "operators", "list") == 0
    listed = capsys.readouterr().out
    assert listed.startswith(f"{alice}  since ")
    assert listed.endswith(f" UTC  {ALICE}\n")
    assert adieu(monkeypatch, ALICE, "operators", "remove") == 0
    assert adieu(monkeypatch, ALICE, "operators", "remove") == 1
    assert adieu(monkeypatch, "", "log") == 0
    assert "because who runs this installation changed" in capsys.readouterr().out


def test_no_address_is_taken_as_an_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody on the machine could read it there."""
    with pytest.raises(SystemExit):
        adieu(monkeypatch, "", "operators", "add", ALICE)
    assert not Operator.objects.exists()
