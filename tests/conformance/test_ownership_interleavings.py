"""No two owners at once leave an organization without one: every pairing, statement by statement (Rule O2).

On PostgreSQL two connections are stepped through the orders of their statements; each order has to end as if
one operation had come after the other. On SQLite, which has one writer at a time, they start together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import combinations_with_replacement
from random import Random
from uuid import UUID, uuid4

import pytest

from adieu.accounts.models import Account
from adieu.activities.models import Activity
from adieu.deletion import crossing, requests, verification
from adieu.deletion.consents import TEXTS
from adieu.deletion.models import DeletionRequest
from adieu.identities.operations import claim
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction
from adieu.tenancy import invitations, members, ownership, projects
from adieu.tenancy.information import Information
from adieu.tenancy.models import Invitation, Organization, OrganizationMembership, ProjectMembership, Role
from adieu.tenancy.offers import InvitationNotFound, token_of
from adieu.tenancy.operations import change_organization, create_organization, delete_organization
from tests.support.cast import make_account
from tests.support.crowds import all_at_once
from tests.support.exploration import Exploration, explore
from tests.support.interleaving import Play
from tests.support.people import SESSION

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

SEED = 20300304
NAME = "Lighthouse"


@dataclass(frozen=True)
class Cast:
    """Alice and Bob own an organization with a project; Charlie is a member, and Dora a stranger."""

    alice: UUID
    bob: UUID
    charlie: UUID
    dora: UUID
    organization: UUID
    project: UUID
    now: datetime

    def other(self, who: UUID) -> UUID:
        return self.bob if who == self.alice else self.alice

    def confirm(self, who: UUID) -> UUID:
        """Delete an account whose code was sent already."""
        request = DeletionRequest.objects.filter(account_id=who).first()
        # Whoever comes late, from another window, has the code of a request that is over.
        code = verification.code_of(request_id=request.id if request else uuid4(), number=1)
        return crossing.confirm(
            account_id=who, code=code, consents=TEXTS, session_digest=SESSION, now=self.now
        )


def assemble(now: datetime) -> Cast:
    alice, bob, charlie, dora = (make_account() for _ in range(4))
    organization_id = create_organization(account_id=alice, name=NAME, now=now)
    with transaction():
        for account_id, role in ((bob, Role.OWNER), (charlie, Role.MEMBER)):
            ownership.admit(organization_id=organization_id, account_id=account_id, role=role, now=now)
    project_id = projects.create_project(
        organization_id=organization_id, account_id=alice, name="Side project", now=now
    )
    return Cast(alice, bob, charlie, dora, organization_id, project_id, now)


def ask_to_leave(who: UUID, now: datetime) -> None:
    if not DeletionRequest.objects.filter(account_id=who).exists():
        requests.open_request(account_id=who, reason="privacy", comment="", now=now)
        # What sending a code does after its limits.
        verification._owe_code(account_id=who, session_digest=SESSION, now=now)


def leave(cast: Cast, who: UUID) -> None:
    members.leave_organization(organization_id=cast.organization, account_id=who, now=cast.now)


def change(cast: Cast, who: UUID, whom: UUID, role: Role) -> None:
    members.change_role(
        organization_id=cast.organization, account_id=who, member_id=whom, role=role, now=cast.now
    )


def remove(cast: Cast, who: UUID, whom: UUID) -> None:
    members.remove_member(organization_id=cast.organization, account_id=who, member_id=whom, now=cast.now)


def hand_over(cast: Cast, who: UUID) -> None:
    members.hand_over(organization_id=cast.organization, account_id=who, member_id=cast.charlie, now=cast.now)


def make_owner(cast: Cast, who: UUID) -> None:
    members.make_owners(account_id=who, owners={cast.organization: cast.charlie}, now=cast.now)


def delete(cast: Cast, who: UUID) -> None:
    delete_organization(organization_id=cast.organization, account_id=who, typed_name=NAME, now=cast.now)


def place(cast: Cast, who: UUID) -> None:
    projects.add_member(
        project_id=cast.project, account_id=who, member_id=cast.charlie, role=Role.MEMBER, now=cast.now
    )


def delete_project(cast: Cast, who: UUID) -> None:
    projects.delete_project(project_id=cast.project, account_id=who, typed_name="Side project", now=cast.now)


def name_contact(cast: Cast, who: UUID) -> None:
    information = Information(name=NAME, contact_id=cast.charlie)
    change_organization(
        organization_id=cast.organization, account_id=who, information=information, now=cast.now
    )


@transaction
def admit(cast: Cast, who: UUID) -> None:
    """Let a newcomer in, as accepting an invitation does."""
    ownership.admit(organization_id=cast.organization, account_id=cast.dora, role=Role.OWNER, now=cast.now)


def invite_dora(cast: Cast) -> None:
    """Let Alice invite her."""
    if Invitation.objects.filter(organization_id=cast.organization).exists():
        return
    address = f"{cast.dora}@example.org"
    with transaction():
        claim(kind="email", identifier=address, account_id=cast.dora)
    invitations.invite(
        organization_id=cast.organization,
        account_id=cast.alice,
        addresses=[address],
        role=Role.OWNER,
        now=cast.now,
    )


def revoke(cast: Cast, who: UUID) -> None:
    invitation = Invitation.objects.get(organization_id=cast.organization)
    invitations.revoke(invitation_id=invitation.id, account_id=who, now=cast.now)


def answer(cast: Cast, who: UUID, do: Callable[..., object]) -> None:
    """Accept or decline."""
    invitation = Invitation.objects.filter(organization_id=cast.organization).first()
    # It goes with its organization.
    if invitation is None:
        raise InvitationNotFound
    do(token=token_of(invitation.id), account_id=who, now=cast.now)


type Operation = Callable[[Cast, UUID], object]
OWNERS_OPERATIONS: dict[str, Operation] = {
    "leaves": leave,
    "demotes themselves": lambda cast, who: change(cast, who, who, Role.MEMBER),
    "demotes the other": lambda cast, who: change(cast, who, cast.other(who), Role.MEMBER),
    "removes the other": lambda cast, who: remove(cast, who, cast.other(who)),
    "hands over": hand_over,
    "deletes their account": lambda cast, who: cast.confirm(who),
}
# These take no owner away; what they do must still be as if one had come after the other.
OTHER_OPERATIONS: dict[str, Operation] = {
    "promotes themselves": lambda cast, who: change(cast, who, who, Role.OWNER),
    "makes Charlie owner": make_owner,
    "removes Charlie": lambda cast, who: remove(cast, who, cast.charlie),
    "places Charlie": place,
    "names Charlie": name_contact,
    "admits Dora": admit,
    "deletes the project": delete_project,
    "deletes the organization": delete,
}
INVITATIONS_OPERATIONS: dict[str, Operation] = {
    "accepts": lambda cast, who: answer(cast, who, invitations.accept),
    "declines": lambda cast, who: answer(cast, who, invitations.decline),
    "revokes the invitation": revoke,
}
OPERATIONS = OWNERS_OPERATIONS | OTHER_OPERATIONS
# Whose ownership ends, the one who acts or the other.
TAKES_OWN = {"leaves", "demotes themselves", "deletes their account"}
TAKES_OTHERS = {"demotes the other", "removes the other"}

OTHER = {"Alice": "Bob", "Bob": "Alice"}


@dataclass(frozen=True)
class Act:
    """Somebody does something."""

    who: str
    what: str

    def __str__(self) -> str:
        return f"{self.who} {self.what}"

    def by(self, cast: Cast) -> UUID:
        account_id: UUID = getattr(cast, self.who.lower())
        return account_id

    def target(self) -> str | None:
        """Name who is no owner any more afterwards."""
        if self.what in TAKES_OWN and self.who in OTHER:
            return self.who
        if self.what in TAKES_OTHERS:
            return OTHER[self.who]
        return None

    def prepare(self, cast: Cast) -> Callable[[], object]:
        if self.what == "deletes their account":
            ask_to_leave(self.by(cast), cast.now)
        if self.what in INVITATIONS_OPERATIONS:
            invite_dora(cast)
        return partial((OPERATIONS | INVITATIONS_OPERATIONS)[self.what], cast, self.by(cast))


type Pairing = tuple[Act, Act]


def pairings(operations: dict[str, Operation]) -> list[Pairing]:
    """Pair all operations; by symmetry Alice is the first, and both may be hers, as from two windows."""
    return [
        (Act("Alice", one), Act(second, other))
        for one, other in combinations_with_replacement(operations, 2)
        for second in ("Bob", "Alice")
    ]


# What an owner does while the person it is about goes.
WITH_CHARLIE = [
    (Act("Charlie", going), Act("Bob", what))
    for going in ("leaves", "deletes their account")
    for what in ("hands over", "makes Charlie owner", "removes Charlie", "places Charlie", "names Charlie")
]
WITH_DORA = [
    (Act("Dora", "deletes their account"), Act("Bob", "admits Dora")),
    # Alice has invited her.
    *(
        (Act("Dora", "accepts"), Act(who, what))
        for who, what in (
            ("Dora", "accepts"),
            ("Dora", "declines"),
            ("Dora", "deletes their account"),
            ("Bob", "revokes the invitation"),
            ("Bob", "removes the other"),
            ("Bob", "demotes the other"),
            ("Bob", "deletes the organization"),
            ("Alice", "leaves"),
            ("Alice", "deletes their account"),
        )
    ),
]
OWNERS_PAIRINGS = [*pairings(OWNERS_OPERATIONS), *WITH_CHARLIE, *WITH_DORA]
OTHER_PAIRINGS = [pairing for pairing in pairings(OPERATIONS) if pairing not in OWNERS_PAIRINGS]


def name_of(pairing: Pairing) -> str:
    return " + ".join(map(str, pairing))


# SQLite has one writer at a time.
on_postgresql = pytest.mark.only_on("postgresql")

type State = tuple[object, ...]


def state_of(cast: Cast) -> State:
    """Tell how an organization has ended up, in words that are the same for every cast."""
    names = {cast.alice: "Alice", cast.bob: "Bob", cast.charlie: "Charlie", cast.dora: "Dora"}
    memberships = OrganizationMembership.objects.filter(organization_id=cast.organization)
    places = ProjectMembership.objects.filter(project__organization_id=cast.organization)
    recorded = Activity.objects.filter(organization_id=cast.organization)
    organizations = Organization.objects.filter(id=cast.organization)
    invited = Invitation.objects.filter(organization_id=cast.organization)
    return (
        list(invited.order_by("id").values_list("state", flat=True)),
        [names.get(who, "nobody") for who in organizations.values_list("contact_id", flat=True)],
        sorted((names[who], role) for who, role in memberships.values_list("account_id", "role")),
        sorted((names[who], role) for who, role in places.values_list("member__account_id", "role")),
        sorted((names[who], kind) for who, kind in recorded.values_list("actor_id", "kind") if who in names),
        sorted(names[who] for who in Account.objects.filter(id__in=names).values_list("id", flat=True)),
    )


def is_ok(outcome: object) -> bool:
    return not isinstance(outcome, Exception)


def check(cast: Cast, pairing: Pairing, outcomes: Sequence[object], script: str) -> None:
    """Hold one ending against the rules."""
    for outcome in outcomes:
        # Never a deadlock, never an error of the database itself.
        assert is_ok(outcome) or isinstance(outcome, Fact), f"{outcome!r}\n{script}"
    owners = OrganizationMembership.objects.filter(organization_id=cast.organization, role=Role.OWNER).count()
    counted = Organization.objects.filter(id=cast.organization).values_list("owner_count", flat=True).first()
    is_deleted = any(
        is_ok(outcome) and act.what == "deletes the organization"
        for act, outcome in zip(pairing, outcomes, strict=True)
    )
    assert (counted, owners) == (None, 0) if is_deleted else counted == owners >= 1, script
    if {act.target() for act in pairing} == {"Alice", "Bob"}:
        assert sorted(map(is_ok, outcomes)) == [False, True], f"{outcomes}\n{script}"


def hold(pairing: Pairing, now: datetime, exploration: Exploration) -> None:
    """Play orders of two acts: each ends as one of the two does in which they follow each other."""
    casts: list[Cast] = []

    def make() -> list[Callable[[], object]]:
        casts.append(assemble(now))
        return [act.prepare(casts[-1]) for act in pairing]

    serial: list[State] = []
    for played in explore(make, exploration):
        check(casts[-1], pairing, played.outcomes, played.script())
        ending = (*map(is_ok, played.outcomes), *state_of(casts[-1]))
        if len(serial) < 2:
            serial.append(ending)
        assert ending in serial, _story(played, ending, serial)


def _story(played: Play, ending: State, serial: Sequence[State]) -> str:
    return f"{played.outcomes}\n{ending}\nis neither of\n{serial}\n{played.script()}"


@on_postgresql
@pytest.mark.parametrize("pairing", OWNERS_PAIRINGS, ids=name_of)
def test_some_orders_of_statements(now: datetime, pairing: Pairing) -> None:
    hold(pairing, now, Exploration(most=6, at_random=3, random=Random(SEED)))


@on_postgresql
@pytest.mark.long
@pytest.mark.parametrize("pairing", OWNERS_PAIRINGS, ids=name_of)
def test_all_orders_of_statements_or_hundreds(now: datetime, pairing: Pairing) -> None:
    exploration = Exploration(most=160, at_random=20, random=Random(SEED))
    hold(pairing, now, exploration)
    assert exploration.is_complete or exploration.plays == 180


@on_postgresql
@pytest.mark.long
@pytest.mark.parametrize("pairing", OTHER_PAIRINGS, ids=name_of)
def test_some_orders_of_other_operations(now: datetime, pairing: Pairing) -> None:
    hold(pairing, now, Exploration(most=20, at_random=10, random=Random(SEED)))


@pytest.mark.parametrize("pairing", OWNERS_PAIRINGS, ids=name_of)
def test_at_once(now: datetime, pairing: Pairing) -> None:
    hold_at_once(pairing, now)


@pytest.mark.long
@pytest.mark.parametrize("pairing", OTHER_PAIRINGS, ids=name_of)
def test_other_operations_at_once(now: datetime, pairing: Pairing) -> None:
    hold_at_once(pairing, now)


def hold_at_once(pairing: Pairing, now: datetime) -> None:
    cast = assemble(now)
    outcomes = all_at_once(*[act.prepare(cast) for act in pairing])
    check(cast, pairing, outcomes, "")
