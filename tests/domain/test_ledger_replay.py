"""What the ledger knows and a restored database does not is made true again, in order (Rules L1, L2).

A restored database is one that the ledger is ahead of; here the ledger gets the lines that it would have.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from adieu.accounts.models import Account
from adieu.core.claim_keys import claim_key
from adieu.deletion.farewell import NOTICE_OF_COMPLETION, link_token, progress_by_token
from adieu.deletion.keepers import all_keepers
from adieu.deletion.models import DeletionRequest, ReasonCount
from adieu.deletion.unsettled import NothingUnsettled, settle, unsettled_deletions
from adieu.identities.models import IdentityClaim
from adieu.identities.queries import ClaimStatus, key_for, status_of
from adieu.kit.crashing import installed
from adieu.ledger.entries import Kind
from adieu.ledger.opening import open_ledger
from adieu.ledger.places import installed_ledger
from adieu.notices.models import Notice
from adieu.ops.ledgers import catch_up
from adieu.tenancy import api_keys, members
from adieu.tenancy.members import LeavingBlocked
from adieu.tenancy.models import Organization, OrganizationMembership, Role
from adieu.tenancy.operations import delete_organization
from adieu.tenancy.ownership import MemberNotFound
from adieu.tenancy.permissions import NotAllowed
from adieu.tenancy.projects import create_project
from adieu.tenancy.replaying import give, locked_organizations, sweep_left
from tests.support.entrance import is_signed_in, sign_in
from tests.support.ledgers import place_for_a_ledger
from tests.support.people import ask_to_leave, confirm, join, work
from tests.support.rooms import make_organization, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB, CHARLIE = "alice@example.org", "bob@example.org", "charlie@example.org"


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, now: datetime) -> Iterator[None]:
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=now)
        yield


@pytest.fixture
def alice(now: datetime) -> UUID:
    return join(ALICE, now, is_welcomed=False)


@pytest.fixture
def bob(now: datetime) -> UUID:
    return join(BOB, now, is_welcomed=False)


def write(kind: Kind, now: datetime, **body: Any) -> None:
    """Append a line that the ledger got after the backup was made."""
    installed_ledger().append(kind=kind, body={"change": str(uuid4()), **body}, now=now)


def about(account_id: UUID, keys: list[str]) -> dict[str, Any]:
    deletion, fence = str(uuid4()), str(uuid4())
    versioned = [[key, 1, 1] for key in keys]
    return {"deletion": deletion, "account": str(account_id), "fence": fence, "keys": versioned}


def deleted_later(account_id: UUID, now: datetime) -> UUID:
    """Let the ledger say that the account was deleted after the backup; give the deletion's id."""
    keys = list(IdentityClaim.objects.filter(account_id=account_id).values_list("key", flat=True))
    body = about(account_id, keys)
    installed_ledger().append(kind=Kind.INTENT, body=body, now=now)
    write(Kind.CONFIRMED, now, **body)
    return UUID(body["deletion"])


def start(now: datetime) -> None:
    catch_up(now=now, is_start=True)


def rows() -> list[Any]:
    """Everything that a replay may change."""
    tables = (Account, IdentityClaim, Organization, OrganizationMembership, DeletionRequest)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def test_who_left_is_gone_again_and_cannot_come_back(alice: UUID, now: datetime) -> None:
    deletion_id = deleted_later(alice, now)
    start(now + timedelta(days=1))
    assert not Account.objects.exists()
    assert status_of(kind="email", identifier=ALICE) == ClaimStatus.RETIRED
    request = DeletionRequest.objects.get()
    assert (request.id, request.confirmed_at, request.replayed_at) == (
        deletion_id,
        now,
        now + timedelta(days=1),
    )


def test_nothing_is_left_and_nobody_is_told_twice(alice: UUID, now: datetime) -> None:
    deletion_id = deleted_later(alice, now)
    start(now)
    work(now)
    assert not [found for keeper in all_keepers() for found in keeper.residue(account_id=alice)]
    assert progress_by_token(token=link_token(deletion_id=deletion_id), now=now).is_over
    assert not Notice.objects.filter(kind=NOTICE_OF_COMPLETION).exists()
    assert not ReasonCount.objects.exists()


def test_a_deletion_that_was_asked_for_before_the_backup_becomes_the_one_that_was(
    alice: UUID, now: datetime
) -> None:
    ask_to_leave(alice, ALICE, now)
    request = DeletionRequest.objects.get()
    keys = list(IdentityClaim.objects.values_list("key", flat=True))
    body = about(alice, keys) | {"deletion": str(request.id)}
    write(Kind.CONFIRMED, now, **body)
    start(now)
    assert DeletionRequest.objects.get().id == request.id
    assert not Account.objects.exists()


def test_others_are_untouched(alice: UUID, now: datetime) -> None:
    join(CHARLIE, now)
    before = rows()
    deleted_later(alice, now)
    start(now)
    left = rows()
    for table in (0, 2, 3):
        assert [row for row in before[table] if alice not in row.values()] == left[table]


def test_reading_twice_is_reading_once(alice: UUID, bob: UUID, now: datetime) -> None:
    make_organization(bob, now)
    deleted_later(alice, now)
    start(now)
    found = rows()
    start(now)
    catch_up(now=now)
    assert rows() == found


def test_a_database_that_was_not_restored_changes_nothing(alice: UUID, bob: UUID, now: datetime) -> None:
    """Its own lines come back to it, and it has seen them all."""
    office = make_organization(alice, now)
    put_into(office, bob, now)
    members.hand_over(organization_id=office, account_id=alice, member_id=bob, now=now)
    members.change_role(organization_id=office, account_id=bob, member_id=alice, role=Role.OWNER, now=now)
    delete_organization(
        organization_id=make_organization(bob, now), account_id=bob, typed_name="Office", now=now
    )
    confirm(alice, ask_to_leave(alice, ALICE, now), now)
    found = rows()
    start(now)
    start(now)
    assert rows() == found


def test_a_replay_that_is_cut_off_goes_on(alice: UUID, bob: UUID, now: datetime) -> None:
    deleted_later(alice, now)
    deleted_later(bob, now)

    class CutOff(BaseException):
        pass

    def end(name: str) -> None:
        if name == "replay.keys_retired" and not Account.objects.filter(id=bob).exists():
            raise CutOff

    with installed(end), pytest.raises(CutOff):
        start(now)
    assert [account.pk for account in Account.objects.all()] == [bob]
    start(now)
    assert not Account.objects.exists()


def test_the_keys_retire_addresses_of_which_the_database_knows_nothing(now: datetime) -> None:
    key = claim_key(pepper=b"0" * 32, kind="email", canonical="dora@example.org")
    write(Kind.CONFIRMED, now, **about(uuid4(), [key]))
    start(now)
    claim = IdentityClaim.objects.get()
    assert (claim.key, claim.account_id, claim.retired_at) == (key, None, now)


def test_a_key_only_retires_and_erases_nobody_else(bob: UUID, now: datetime) -> None:
    key = IdentityClaim.objects.get(account_id=bob).key
    write(Kind.CONFIRMED, now, **about(uuid4(), [key]))
    start(now)
    assert Account.objects.filter(id=bob).exists()
    assert status_of(kind="email", identifier=BOB) == ClaimStatus.RETIRED


# --- Organizations ---


def test_what_was_handed_over_before_stays(alice: UUID, bob: UUID, now: datetime) -> None:
    office = make_organization(alice, now)
    put_into(office, bob, now)
    write(Kind.OWNER_MADE, now, organization=str(office), account=str(bob))
    write(Kind.OWNER_UNMADE, now, organization=str(office), account=str(alice))
    deleted_later(alice, now)
    start(now)
    [membership] = OrganizationMembership.objects.filter(organization_id=office)
    assert (membership.account_id, membership.role) == (bob, Role.OWNER)
    assert Organization.objects.get(id=office).locked_at is None


def test_an_owner_who_joined_after_the_backup_is_one_again(alice: UUID, bob: UUID, now: datetime) -> None:
    office = make_organization(alice, now)
    write(Kind.OWNER_MADE, now, organization=str(office), account=str(bob))
    deleted_later(alice, now)
    start(now)
    assert OrganizationMembership.objects.get(organization_id=office).account_id == bob


def test_who_was_made_a_member_is_one_again_unless_nobody_else_owns_it(
    alice: UUID, bob: UUID, now: datetime
) -> None:
    office, annex = make_organization(alice, now), make_organization(alice, now, name="Annex")
    put_into(office, bob, now, role=Role.OWNER)
    for place in (office, annex):
        write(Kind.OWNER_UNMADE, now, organization=str(place), account=str(alice))
    start(now)
    roles = OrganizationMembership.objects.filter(account_id=alice)
    assert dict(roles.values_list("organization_id", "role")) == {office: Role.MEMBER, annex: Role.OWNER}


def test_lines_about_what_is_not_there_change_nothing(alice: UUID, now: datetime) -> None:
    before = rows()
    for kind in (Kind.OWNER_MADE, Kind.OWNER_UNMADE):
        write(kind, now, organization=str(uuid4()), account=str(alice))
        write(kind, now, organization=str(uuid4()), account=str(uuid4()))
    write(Kind.ORGANIZATION_DELETED, now, organization=str(uuid4()))
    start(now)
    assert rows() == before


def test_an_organization_that_was_deleted_is_gone_again(alice: UUID, now: datetime) -> None:
    office = make_organization(alice, now)
    write(Kind.ORGANIZATION_DELETED, now, organization=str(office))
    start(now)
    assert not Organization.objects.exists()


def test_what_only_the_erased_person_was_in_is_destroyed(alice: UUID, now: datetime) -> None:
    make_organization(alice, now)
    deleted_later(alice, now)
    start(now)
    assert not Organization.objects.exists()


@pytest.fixture
def locked(alice: UUID, bob: UUID, now: datetime) -> UUID:
    """An organization that Alice alone owned and Bob belongs to, after the replay."""
    office = make_organization(alice, now)
    put_into(office, bob, now)
    deleted_later(alice, now)
    start(now)
    return office


def test_what_others_are_in_is_locked_and_listed(locked: UUID, bob: UUID, now: datetime) -> None:
    assert [(id_, name) for id_, name, _ in locked_organizations()] == [(locked, "Office")]
    found = Organization.objects.get()
    assert (found.owner_count, found.locked_at) == (0, now)
    with pytest.raises(NotAllowed):
        create_project(organization_id=locked, account_id=bob, name="Atlas", now=now)


def test_the_operator_names_an_owner(locked: UUID, bob: UUID, now: datetime) -> None:
    charlie = join(CHARLIE, now, is_welcomed=False)
    with pytest.raises(MemberNotFound):
        give(organization_id=locked, account_id=charlie, now=now)
    assert Organization.objects.get().locked_at
    give(organization_id=locked, account_id=bob, now=now)
    found = Organization.objects.get()
    assert (found.owner_count, found.locked_at) == (1, None)
    create_project(organization_id=locked, account_id=bob, name="Atlas", now=now)
    with pytest.raises(LeavingBlocked):
        members.leave_organization(organization_id=locked, account_id=bob, now=now)


def test_when_everybody_has_left_it_goes(locked: UUID, bob: UUID, now: datetime) -> None:
    assert sweep_left(now=now) == 0
    members.leave_organization(organization_id=locked, account_id=bob, now=now)
    assert sweep_left(now=now) == 1
    assert not Organization.objects.exists()


# --- What nobody can know ---


def intended_later(account_id: UUID, now: datetime) -> Mapping[str, Any]:
    """Let the ledger hold an intent that was written after the backup, and no end of it."""
    keys = list(IdentityClaim.objects.filter(account_id=account_id).values_list("key", flat=True))
    body = about(account_id, keys)
    installed_ledger().append(kind=Kind.INTENT, body=body, now=now)
    return body


def test_an_intent_that_the_database_cannot_settle_locks_the_account(alice: UUID, now: datetime) -> None:
    office = make_organization(alice, now)
    key = api_keys.create(
        organization_id=office, account_id=alice, name="Key", expires_at=None, now=now
    ).secret
    browser = Client()
    sign_in(browser, ALICE)
    assert is_signed_in(browser)
    body = intended_later(alice, now)
    start(now)
    assert unsettled_deletions() == [(UUID(body["deletion"]), alice)]
    assert not is_signed_in(browser)
    sign_in(browser, ALICE)
    assert not is_signed_in(browser)
    assert api_keys.authenticate(secret=key, now=now) is None
    assert Account.objects.get().locked_at == now


def test_only_that_account_is_locked(alice: UUID, bob: UUID, now: datetime) -> None:
    intended_later(alice, now)
    start(now)
    assert Account.objects.get(id=bob).locked_at is None


def test_the_operator_says_that_it_had_not_happened(alice: UUID, now: datetime) -> None:
    deletion_id = UUID(intended_later(alice, now)["deletion"])
    start(now)
    settle(deletion_id=deletion_id, was_erased=False, now=now)
    browser = Client()
    sign_in(browser, ALICE)
    assert is_signed_in(browser)
    assert unsettled_deletions() == []


def test_the_operator_says_that_it_had(alice: UUID, now: datetime) -> None:
    deletion_id = UUID(intended_later(alice, now)["deletion"])
    start(now)
    settle(deletion_id=deletion_id, was_erased=True, now=now)
    assert not Account.objects.exists()
    assert status_of(kind="email", identifier=ALICE) == ClaimStatus.RETIRED
    assert unsettled_deletions() == []
    with pytest.raises(NothingUnsettled):
        settle(deletion_id=deletion_id, was_erased=False, now=now)


@pytest.mark.parametrize("was_erased", [True, False])
def test_another_restore_keeps_the_operators_word(alice: UUID, now: datetime, *, was_erased: bool) -> None:
    body = intended_later(alice, now)
    write(Kind.UNSETTLED, now, **body)
    write(Kind.CONFIRMED if was_erased else Kind.ABORTED, now, **body)
    start(now)
    assert Account.objects.filter(locked_at__isnull=True).exists() is not was_erased
    assert unsettled_deletions() == []


def test_an_earlier_confirmation_of_a_deletion_that_happened_is_no_riddle(alice: UUID, now: datetime) -> None:
    first = intended_later(alice, now)
    write(Kind.CONFIRMED, now, **{**first, "fence": str(uuid4())})
    start(now)
    assert not Account.objects.exists()
    assert unsettled_deletions() == []


@pytest.mark.parametrize("was_erased", [True, False])
@pytest.mark.parametrize("is_again", [True, False])
def test_nobody_else_gets_the_address_until_it_is_settled(
    bob: UUID, now: datetime, *, was_erased: bool, is_again: bool
) -> None:
    """The backup may be older than the account."""
    key = key_for(kind="email", identifier=ALICE)
    of_bob = IdentityClaim.objects.get(account_id=bob).key
    body = about(uuid4(), [key, of_bob])
    if is_again:
        write(Kind.UNSETTLED, now, **body)
    else:
        installed_ledger().append(kind=Kind.INTENT, body=body, now=now)
    start(now)
    assert status_of(kind="email", identifier=ALICE) == ClaimStatus.RETIRED
    settle(deletion_id=UUID(body["deletion"]), was_erased=was_erased, now=now + timedelta(days=1))
    assert (status_of(kind="email", identifier=ALICE) == ClaimStatus.RETIRED) is was_erased
    assert IdentityClaim.objects.filter(key=of_bob, account_id=bob).exists() is not was_erased
