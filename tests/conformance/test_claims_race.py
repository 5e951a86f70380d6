"""Claims under concurrency: the same promises on every database (Rules C2, C3)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from threading import Barrier, Event
from uuid import UUID

import pytest
from django.db import Error, connections

from adieu.identities.models import IdentityClaim
from adieu.identities.operations import IdentityRetired, IdentityTaken, claim, retire
from adieu.kit import sql
from adieu.kit.transactions import transaction
from tests.support.cast import make_account
from tests.support.crowds import wait_until_stopped

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE_AT = "alice@example.org"
ROUNDS = 20
SOON = 20


def claim_address(account_id: UUID, address: str = ALICE_AT) -> None:
    claim(kind="email", identifier=address, account_id=account_id)


def outcome(work: Callable[[], object]) -> str:
    """Do work in a thread's own connection and name what it ended with."""
    try:
        work()
    except (IdentityTaken, IdentityRetired, Error) as error:
        return type(error).__name__
    finally:
        connections.close_all()
    return "done"


def together(*works: Callable[[], object]) -> list[str]:
    """Let works begin at the same moment, each in a thread of its own, and name their ends."""
    barrier = Barrier(len(works))

    def begin(work: Callable[[], object]) -> str:
        barrier.wait(timeout=SOON)
        return outcome(work)

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))


def in_transaction(work: Callable[..., object], *arguments: object) -> Callable[[], None]:
    def wrapped() -> None:
        with transaction():
            work(*arguments)

    return wrapped


def first_then(first: Callable[[], object], second: Callable[[], object]) -> tuple[str, str]:
    """Let the first do its work and hold its transaction open until the second runs into it.

    On PostgreSQL the second really waits inside its transaction. SQLite lets no second writer begin, so there
    the first goes on once the second is about to.
    """
    is_held, is_about_to, may_commit = Event(), Event(), Event()

    def hold() -> None:
        with transaction():
            first()
            is_held.set()
            may_commit.wait(timeout=SOON)

    def run_into() -> None:
        is_held.wait(timeout=SOON)
        is_about_to.set()
        in_transaction(second)()

    with ThreadPoolExecutor(2) as pool:
        holding, running = pool.submit(outcome, hold), pool.submit(outcome, run_into)
        is_about_to.wait(timeout=SOON)
        wait_until_stopped(running)
        may_commit.set()
        return holding.result(timeout=SOON), running.result(timeout=SOON)


def only_row() -> IdentityClaim:
    return IdentityClaim.objects.get()


def test_of_claims_at_once_exactly_one_wins() -> None:
    for round_number in range(ROUNDS):
        address = f"alice{round_number}@example.org"
        accounts = [make_account() for _ in range(4)]
        works = [in_transaction(claim_address, account, address) for account in accounts]
        ends = together(*works)
        assert sorted(ends) == ["IdentityTaken"] * 3 + ["done"]
        winner = accounts[ends.index("done")]
        assert IdentityClaim.objects.filter(account_id=winner).count() == 1
    assert IdentityClaim.objects.count() == ROUNDS


def test_a_claim_that_runs_into_another_is_refused() -> None:
    alice, bob = make_account(), make_account()
    ends = first_then(lambda: claim_address(alice), lambda: claim_address(bob))
    assert ends == ("done", "IdentityTaken")
    assert only_row().account_id == alice


def test_a_claim_that_runs_into_ones_own_is_let_through() -> None:
    alice = make_account()
    ends = first_then(lambda: claim_address(alice), lambda: claim_address(alice))
    assert ends == ("done", "done")
    assert only_row().account_id == alice


def test_a_claim_that_runs_into_one_that_is_rolled_back_wins() -> None:
    alice, bob = make_account(), make_account()

    def claim_and_fail() -> None:
        claim_address(alice)
        # Rolls the first's transaction back when it would commit: its account is gone by then.
        sql.run("UPDATE identities_identityclaim SET account_id = %s", [UUID(int=0)])

    ends = first_then(claim_and_fail, lambda: claim_address(bob))
    assert ends == ("IntegrityError", "done")
    assert only_row().account_id == bob


def test_a_waiting_sign_up_does_not_slip_in_behind_a_deletion(now: datetime) -> None:
    alice, bob = make_account(), make_account()
    in_transaction(claim_address, alice)()
    held, refused = first_then(lambda: retire(account_id=alice, now=now), lambda: claim_address(bob))
    assert held == "done"
    assert refused in {"IdentityTaken", "IdentityRetired"}
    assert only_row().retired_at == now


def test_a_claim_and_a_retirement_at_once_leave_one_retired_row(now: datetime) -> None:
    for round_number in range(ROUNDS):
        address = f"alice{round_number}@example.org"
        alice, bob = make_account(), make_account()
        in_transaction(claim_address, alice, address)()
        retired, claimed = together(
            in_transaction(partial(retire, account_id=alice, now=now)),
            in_transaction(claim_address, bob, address),
        )
        assert retired == "done"
        assert claimed in {"IdentityTaken", "IdentityRetired"}
    assert IdentityClaim.objects.filter(account__isnull=True, retired_at=now).count() == ROUNDS
    assert IdentityClaim.objects.count() == ROUNDS


def test_a_claim_under_way_cannot_outlive_its_account(now: datetime) -> None:
    """The foreign key makes one of the two fail (Rule D6)."""
    alice = make_account()

    def delete() -> None:
        retire(account_id=alice, now=now)
        sql.run("DELETE FROM accounts_account WHERE id = %s", [alice])

    ends = first_then(lambda: claim_address(alice), delete)
    assert ends in {("done", "IntegrityError"), ("IntegrityError", "done"), ("done", "done")}
    accounts = sql.rows("SELECT count(*) FROM accounts_account")[0][0]
    live = IdentityClaim.objects.filter(retired_at=None).count()
    assert live == accounts
