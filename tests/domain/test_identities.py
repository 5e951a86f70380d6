"""One row for each identifier, live or retired for good (Rules C1 to C4, C6)."""

import contextlib
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, IntegrityError
from django_subatomic.db import _MissingRequiredTransaction
from pytest_django.fixtures import Settings

from adieu.core.canonical import NotAnAddress
from adieu.identities.keeper import IdentitiesKeeper
from adieu.identities.models import IdentityClaim
from adieu.identities.operations import IdentityRetired, IdentityTaken, claim, retire
from adieu.identities.queries import ClaimStatus, is_claimed_by, key_for, status_of
from adieu.identities.versions import UnknownKind
from adieu.kit import sql
from adieu.kit.transactions import savepoint, transaction
from tests.support.cast import make_account

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

ALICE_AT = "alice@example.org"


@pytest.fixture
def alice() -> UUID:
    return make_account()


@pytest.fixture
def bob() -> UUID:
    return make_account()


def claim_address(address: str, account_id: UUID) -> None:
    with transaction():
        claim(kind="email", identifier=address, account_id=account_id)


def retire_all(account_id: UUID, now: datetime) -> int:
    with transaction():
        return retire(account_id=account_id, now=now)


def status(address: str = ALICE_AT) -> ClaimStatus:
    return status_of(kind="email", identifier=address)


def test_an_unclaimed_address_is_free() -> None:
    assert status() == ClaimStatus.FREE


def test_a_claim_makes_an_address_ones_own(alice: UUID, bob: UUID) -> None:
    claim_address(ALICE_AT, alice)
    assert status() == ClaimStatus.LIVE
    assert is_claimed_by(kind="email", identifier=ALICE_AT, account_id=alice)
    assert not is_claimed_by(kind="email", identifier=ALICE_AT, account_id=bob)


def test_the_row_holds_the_key_and_no_address(alice: UUID) -> None:
    claim_address(ALICE_AT, alice)
    row = IdentityClaim.objects.get()
    assert row.key == key_for(kind="email", identifier=ALICE_AT)
    assert (row.rule_version, row.pepper_version, row.account_id, row.retired_at) == (1, 1, alice, None)


def test_claiming_ones_own_address_again_changes_nothing(alice: UUID) -> None:
    claim_address(ALICE_AT, alice)
    claim_address("ALICE@Example.org", alice)
    assert IdentityClaim.objects.count() == 1


@pytest.mark.parametrize("spelling", [ALICE_AT, "ALICE@EXAMPLE.ORG", "alice@example\u3002org"])
def test_somebody_elses_address_cannot_be_claimed(alice: UUID, bob: UUID, spelling: str) -> None:
    claim_address(ALICE_AT, alice)
    with pytest.raises(IdentityTaken):
        claim_address(spelling, bob)
    assert is_claimed_by(kind="email", identifier=ALICE_AT, account_id=alice)


def test_retiring_updates_the_row(alice: UUID, now: datetime) -> None:
    claim_address(ALICE_AT, alice)
    claim_address("old@example.org", alice)
    assert retire_all(alice, now) == 2
    assert IdentityClaim.objects.filter(account__isnull=True, retired_at=now).count() == 2
    assert IdentityClaim.objects.count() == 2


def test_retiring_touches_nobody_else(alice: UUID, bob: UUID, now: datetime) -> None:
    claim_address(ALICE_AT, alice)
    claim_address("bob@example.org", bob)
    retire_all(alice, now)
    assert is_claimed_by(kind="email", identifier="bob@example.org", account_id=bob)


def test_retiring_again_keeps_the_first_time(alice: UUID, now: datetime) -> None:
    claim_address(ALICE_AT, alice)
    retire_all(alice, now)
    assert retire_all(alice, now.replace(year=2031)) == 0
    assert IdentityClaim.objects.get().retired_at == now


@pytest.mark.parametrize("spelling", [ALICE_AT, "Alice@EXAMPLE.org"])
def test_a_retired_address_cannot_be_claimed(alice: UUID, bob: UUID, now: datetime, spelling: str) -> None:
    claim_address(ALICE_AT, alice)
    retire_all(alice, now)
    assert status(spelling) == ClaimStatus.RETIRED
    with pytest.raises(IdentityRetired):
        claim_address(spelling, bob)
    assert IdentityClaim.objects.get().account_id is None


def test_an_older_pepper_still_refuses(alice: UUID, bob: UUID, now: datetime, settings: Settings) -> None:
    claim_address(ALICE_AT, alice)
    retire_all(alice, now)
    settings.PEPPERS = {**settings.PEPPERS, 2: b"another pepper"}
    assert status() == ClaimStatus.RETIRED
    with pytest.raises(IdentityRetired):
        claim_address(ALICE_AT, bob)


def test_a_new_claim_goes_under_the_newest_pepper(alice: UUID, settings: Settings) -> None:
    settings.PEPPERS = {**settings.PEPPERS, 2: b"another pepper"}
    claim_address(ALICE_AT, alice)
    assert IdentityClaim.objects.get().pepper_version == 2


def test_a_claim_needs_the_callers_transaction(alice: UUID) -> None:
    with pytest.raises(_MissingRequiredTransaction):
        claim(kind="email", identifier=ALICE_AT, account_id=alice)


def test_a_claim_goes_with_the_transaction_it_was_made_in(alice: UUID) -> None:
    with contextlib.suppress(ZeroDivisionError), transaction():
        claim(kind="email", identifier=ALICE_AT, account_id=alice)
        raise ZeroDivisionError
    assert status() == ClaimStatus.FREE


def test_what_is_no_address_cannot_be_claimed(alice: UUID) -> None:
    with pytest.raises(NotAnAddress):
        claim_address("alice", alice)


def test_an_unknown_kind_cannot_be_claimed(alice: UUID) -> None:
    with pytest.raises(UnknownKind), transaction():
        claim(kind="telephone", identifier="+49", account_id=alice)


def test_the_door_stays_shut_when_claims_cannot_be_read(alice: UUID) -> None:
    with transaction():
        sql.run("ALTER TABLE identities_identityclaim RENAME TO away")
        with pytest.raises(DatabaseError), savepoint():
            claim(kind="email", identifier=ALICE_AT, account_id=alice)
        sql.run("ALTER TABLE away RENAME TO identities_identityclaim")


@pytest.mark.parametrize("is_both", [True, False])
def test_the_database_refuses_a_row_that_is_both_or_neither(
    alice: UUID, now: datetime, is_both: bool
) -> None:
    row = IdentityClaim(key="0" * 64, rule_version=1, pepper_version=1)
    if is_both:
        row.account_id, row.retired_at = alice, now
    with pytest.raises(IntegrityError, match="identity_claim_live_or_retired"):
        row.save(force_insert=True)


def test_the_database_refuses_a_second_row_for_a_key(alice: UUID, bob: UUID) -> None:
    claim_address(ALICE_AT, alice)
    key = key_for(kind="email", identifier=ALICE_AT)
    with pytest.raises(IntegrityError):
        IdentityClaim(key=key, rule_version=1, pepper_version=1, account_id=bob).save(force_insert=True)


def test_the_keeper_retires_and_leaves_no_residue(alice: UUID, now: datetime) -> None:
    keeper = IdentitiesKeeper()
    claim_address(ALICE_AT, alice)
    assert keeper.residue(account_id=alice) == ["1 live identity claims"]
    with transaction():
        keeper.lock(account_id=alice)
        keeper.erase_now(account_id=alice, now=now)
    assert keeper.residue(account_id=alice) == []
    assert status() == ClaimStatus.RETIRED


def test_the_keeper_of_a_stranger_finds_nothing() -> None:
    assert IdentitiesKeeper().residue(account_id=uuid4()) == []


@pytest.mark.parametrize("change", ["retired_at = NULL, account_id = %s", "account_id = %s", "key = %s"])
def test_the_database_refuses_to_undo_a_retirement(
    alice: UUID, bob: UUID, now: datetime, change: str
) -> None:
    claim_address(ALICE_AT, alice)
    retire_all(alice, now)
    with pytest.raises(IntegrityError), transaction():
        sql.run("UPDATE identities_identityclaim SET " + change, [bob])  # noqa: S608
    assert status() == ClaimStatus.RETIRED
