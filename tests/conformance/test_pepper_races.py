"""A rotation of the pepper against claims of processes that do not know of it, on every database (Rule C4).

Such a process is one that nobody saw, because the server of PostgreSQL had lost its locks.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest
from django.db import Error, connections

from adieu.identities.models import IdentityClaim
from adieu.identities.operations import _insert
from adieu.identities.queries import key_for
from adieu.identities.versions import keys_of
from adieu.kit.crashing import installed
from adieu.kit.transactions import transaction
from adieu.vault import operations as vault
from tests.support.cast import make_account
from tests.support.crowds import all_at_once, wait_until_stopped
from tests.support.peppers import installation_to_rotate, rotate

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ROUNDS = 8
SOON = 20


@pytest.fixture(autouse=True)
def _installation(tmp_path: Path, now: datetime) -> Iterator[None]:
    with installation_to_rotate(tmp_path, now):
        yield


def claim_of_one_who_looked(address: str, account_id: UUID) -> Callable[[], object]:
    """Give the last statement of a claim: all look-ups were made, under the peppers that are known now."""
    known = keys_of(kind="email", identifier=address)[0]

    def act() -> bool:
        with transaction():
            return _insert(known, account_id)

    return act


def outcome(work: Callable[[], object]) -> object:
    try:
        return work()
    except Error as error:
        return type(error).__name__
    finally:
        connections.close_all()


def someone(address: str, now: datetime) -> UUID:
    account_id = make_account()
    vault.put(account_id=account_id, address=address, now=now)
    return account_id


def test_a_claim_that_runs_into_a_rotation_is_refused(now: datetime) -> None:
    claim = claim_of_one_who_looked("alice@example.org", someone("alice@example.org", now))
    came: list[Future[object]] = []
    with ThreadPoolExecutor(1) as pool:

        def come(point: str) -> None:
            if point == "pepper.claims_moved":
                came.append(pool.submit(outcome, claim))
                wait_until_stopped(came[0])

        with installed(come):
            assert rotate() == 0
        assert came[0].result(timeout=SOON) == "IntegrityError"
    assert not IdentityClaim.objects.exists()


def test_a_rotation_that_runs_into_a_claim_moves_it(now: datetime) -> None:
    alice = someone("alice@example.org", now)
    known = keys_of(kind="email", identifier="alice@example.org")[0]
    is_held, may_commit = Event(), Event()

    def hold() -> None:
        with transaction():
            _insert(known, alice)
            is_held.set()
            may_commit.wait(timeout=SOON)

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(outcome, hold)
        is_held.wait(timeout=SOON)
        running = pool.submit(outcome, rotate)
        wait_until_stopped(running)
        may_commit.set()
        assert (holding.result(timeout=SOON), running.result(timeout=SOON)) == (None, 0)
    moved = IdentityClaim.objects.get()
    assert (moved.account_id, moved.pepper_version) == (alice, 2)
    assert moved.key == key_for(kind="email", identifier="alice@example.org")


def test_at_once_a_claim_is_moved_or_refused_and_never_there_twice(now: datetime) -> None:
    for round_number in range(ROUNDS):
        address = f"alice{round_number}@example.org"
        alice = someone(address, now)
        claim = claim_of_one_who_looked(address, alice)
        claimed, rotated = all_at_once(claim, rotate)
        assert rotated == 0
        rows = IdentityClaim.objects.filter(account_id=alice)
        if isinstance(claimed, Error):
            assert not rows.exists()
        else:
            assert rows.get().key == key_for(kind="email", identifier=address)
