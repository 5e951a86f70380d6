"""People come, organize themselves and leave in any order, two at once, too: the invariants hold.

Rules O1 to O7, A3, C2, D2, D6. Each step does something or is refused with a fact; which of the two is told
beforehand by a few plain rules. After each step the whole database is held against the invariants.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from adieu.accounts.models import Account
from adieu.activities.kinds import Kind
from adieu.deletion import crossing, requests, verification
from adieu.deletion.consents import TEXTS
from adieu.deletion.models import DeletionRequest
from adieu.identities.queries import ClaimStatus, key_for, status_of
from adieu.kit import sql
from adieu.kit.errors import Fact
from adieu.kit.limits import LimitReached
from adieu.tenancy import api_keys, invitations, members, projects
from adieu.tenancy.models import (
    ApiKey,
    Invitation,
    Organization,
    OrganizationMembership,
    Project,
    ProjectMembership,
    Role,
)
from adieu.tenancy.offers import token_of
from adieu.tenancy.operations import FIRST_ORGANIZATION, create_organization, delete_organization, welcome
from tests.support.crowds import all_at_once
from tests.support.people import SESSION, join

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

NUMBERS = count()
BEGINNING = datetime.fromisoformat("2030-03-04T09:30:00+00:00")
# One database for all examples: what one leaves behind is looked at by those after it.
OWNERLESS = """
    SELECT id FROM tenancy_organization WHERE owner_count < 1 OR owner_count <> (
        SELECT count(*) FROM tenancy_organizationmembership
        WHERE organization_id = tenancy_organization.id AND role = 'owner')
"""
WITHOUT_DEFAULT_PROJECT = """
    SELECT id FROM tenancy_organization WHERE 1 <> (
        SELECT count(*) FROM tenancy_project WHERE organization_id = tenancy_organization.id AND is_default)
"""
PLACES_OF_OTHERS = """
    SELECT place.id FROM tenancy_projectmembership place
    LEFT JOIN tenancy_organizationmembership member ON member.id = place.member_id
    LEFT JOIN tenancy_project project ON project.id = place.project_id
    WHERE member.id IS NULL OR project.id IS NULL OR member.organization_id <> project.organization_id
"""
WELCOMED_TWICE = """
    SELECT actor_id FROM activities_activity WHERE kind = %s AND subject_name = %s
    GROUP BY actor_id HAVING count(*) > 1
"""
NEVER = {"an organization's owners": OWNERLESS, "a default project": WITHOUT_DEFAULT_PROJECT}


@dataclass(frozen=True)
class Person:
    """Somebody who has an account, or had one."""

    account_id: UUID
    address: str


@dataclass
class Cloud:
    """What the machine knows of: people, organizations and projects, the gone included."""

    now: datetime = BEGINNING
    people: list[Person] = field(default_factory=list)
    organizations: list[UUID] = field(default_factory=list)
    projects: list[UUID] = field(default_factory=list)
    erased: list[Person] = field(default_factory=list)

    def is_here(self, person: Person) -> bool:
        return person not in self.erased

    def role(self, person: Person, organization: UUID) -> str | None:
        rows = OrganizationMembership.objects.filter(
            account_id=person.account_id, organization_id=organization
        )
        return rows.values_list("role", flat=True).first()

    def owners(self, organization: UUID) -> int:
        return OrganizationMembership.objects.filter(organization_id=organization, role=Role.OWNER).count()

    def is_last_owner(self, person: Person, organization: UUID) -> bool:
        return self.role(person, organization) == Role.OWNER and self.owners(organization) == 1


@dataclass(frozen=True)
class Act:
    """Something to do, by whom, to whom and where; told by numbers, so that it can be made smaller."""

    what: str
    who: int
    whom: int
    where: int


def choose[Thing](things: list[Thing], number: int) -> Thing:
    return things[number % len(things)]


class Doing:
    """An act in a cloud: how it is done, and whether it will be refused."""

    def __init__(self, cloud: Cloud, act: Act) -> None:
        self.cloud = cloud
        self.now = cloud.now
        self.who = choose(cloud.people, act.who)
        self.whom = choose(cloud.people, act.whom)
        self.organization = choose(cloud.organizations, act.where)
        self.project = choose(cloud.projects, act.where)
        self.what = act.what
        self._in: dict[str, Any] = {
            "organization_id": self.organization,
            "account_id": self.who.account_id,
            "now": self.now,
        }

    def prepare(self) -> tuple[Callable[[], object], bool]:
        """Give what does it, and whether it will be done if nothing comes between."""
        do, is_done = getattr(self, f"prepare_to_{self.what}")()
        return do, is_done

    @property
    def _is_owner(self) -> bool:
        return self.cloud.role(self.who, self.organization) == Role.OWNER

    def _is_changeable(self, *, may_be_last: bool = False) -> bool:
        is_last = self.cloud.is_last_owner(self.whom, self.organization) and not may_be_last
        return self._is_owner and self.cloud.role(self.whom, self.organization) is not None and not is_last

    def prepare_to_create_organization(self) -> tuple[Callable[[], object], bool]:
        create = partial(
            create_organization, account_id=self.who.account_id, name=f"Team {next(NUMBERS)}", now=self.now
        )
        return create, self.cloud.is_here(self.who)

    def prepare_to_be_welcomed(self) -> tuple[Callable[[], object], bool]:
        # Whoever is gone does not sign in; for all others the second time does nothing.
        who = self.who if self.cloud.is_here(self.who) else None
        return (partial(welcome, account_id=who.account_id, now=self.now) if who else _nothing), True

    def prepare_to_promote(self) -> tuple[Callable[[], object], bool]:
        change = partial(members.change_role, **self._in, member_id=self.whom.account_id, role=Role.OWNER)
        return change, self._is_changeable(may_be_last=True)

    def prepare_to_demote(self) -> tuple[Callable[[], object], bool]:
        change = partial(members.change_role, **self._in, member_id=self.whom.account_id, role=Role.MEMBER)
        return change, self._is_changeable()

    def prepare_to_remove(self) -> tuple[Callable[[], object], bool]:
        return partial(
            members.remove_member, **self._in, member_id=self.whom.account_id
        ), self._is_changeable()

    def prepare_to_leave(self) -> tuple[Callable[[], object], bool]:
        is_member = self.cloud.role(self.who, self.organization) is not None
        is_last = self.cloud.is_last_owner(self.who, self.organization)
        return partial(members.leave_organization, **self._in), is_member and not is_last

    def prepare_to_hand_over(self) -> tuple[Callable[[], object], bool]:
        hand_over = partial(members.hand_over, **self._in, member_id=self.whom.account_id)
        return hand_over, self._is_changeable(may_be_last=True)

    def prepare_to_delete_organization(self) -> tuple[Callable[[], object], bool]:
        name = Organization.objects.filter(id=self.organization).values_list("name", flat=True).first()
        return partial(delete_organization, **self._in, typed_name=name or "gone"), self._is_owner

    def prepare_to_delete_account(self) -> tuple[Callable[[], object], bool]:
        mine = OrganizationMembership.objects.filter(account_id=self.who.account_id)
        places = list(mine.values_list("organization_id", flat=True))
        is_free = not any(self.cloud.is_last_owner(self.who, place) for place in places)
        if not self.cloud.is_here(self.who) or not is_free:
            return partial(self._ask_to_leave), False
        self._ask_to_leave()
        return self._confirm, True

    def _ask_to_leave(self) -> None:
        if not self.cloud.is_here(self.who):
            raise requests.NoOpenRequest
        requests.open_request(account_id=self.who.account_id, reason="privacy", comment="", now=self.now)
        DeletionRequest.objects.get(account_id=self.who.account_id)
        # What sending a code does after its limits, a minute after the last time.
        self.now = self.cloud.now = self.cloud.now + timedelta(minutes=2)
        verification._owe_code(account_id=self.who.account_id, session_digest=SESSION, now=self.now)

    def _confirm(self) -> UUID:
        request = DeletionRequest.objects.filter(account_id=self.who.account_id).first()
        if request is None:
            raise requests.NoOpenRequest
        code = verification.code_of(request_id=request.id, number=request.verification.number)
        return crossing.confirm(
            account_id=self.who.account_id, code=code, consents=TEXTS, session_digest=SESSION, now=self.now
        )

    def prepare_to_come_back(self) -> tuple[Callable[[], object], bool]:
        """Sign up with an address whose account is gone."""
        if not self.cloud.erased:
            return _nothing, True
        return partial(join, choose(self.cloud.erased, len(self.who.address)).address, self.now), False

    def prepare_to_create_project(self) -> tuple[Callable[[], object], bool]:
        return partial(projects.create_project, **self._in, name=f"Project {next(NUMBERS)}"), self._is_owner

    def _project(self) -> tuple[Project | None, bool]:
        """Find the project, and tell whether this person may manage its members."""
        project = Project.objects.filter(id=self.project).first()
        if project is None:
            return None, False
        mine = ProjectMembership.objects.filter(
            project=project, member__account_id=self.who.account_id, role=Role.OWNER
        )
        return project, mine.exists() or self.cloud.role(self.who, project.organization_id) == Role.OWNER

    def prepare_to_place(self) -> tuple[Callable[[], object], bool]:
        project, may = self._project()
        theirs = ProjectMembership.objects.filter(
            project_id=self.project, member__account_id=self.whom.account_id
        )
        is_member = project is not None and self.cloud.role(self.whom, project.organization_id) is not None
        place = partial(
            projects.add_member,
            project_id=self.project,
            account_id=self.who.account_id,
            member_id=self.whom.account_id,
            role=Role.OWNER,
            now=self.now,
        )
        return place, may and is_member and not theirs.exists()

    def prepare_to_take_from_project(self) -> tuple[Callable[[], object], bool]:
        _, may = self._project()
        theirs = ProjectMembership.objects.filter(
            project_id=self.project, member__account_id=self.whom.account_id
        )
        take = partial(
            projects.remove_member,
            project_id=self.project,
            account_id=self.who.account_id,
            member_id=self.whom.account_id,
            now=self.now,
        )
        return take, may and theirs.exists()

    def prepare_to_make_key(self) -> tuple[Callable[[], object], bool]:
        make = partial(api_keys.create, **self._in, name=f"Key {next(NUMBERS)}", expires_at=None)
        return make, self.cloud.role(self.who, self.organization) is not None

    def prepare_to_invite(self) -> tuple[Callable[[], object], bool]:
        """Invite somebody, with or without an account, as owner when one may."""
        role = Role.OWNER if self._is_owner else Role.MEMBER
        invite = partial(invitations.invite, **self._in, addresses=[self.whom.address], role=role)
        is_member = self.cloud.role(self.whom, self.organization) is not None
        pending = Invitation.objects.filter(
            organization_id=self.organization,
            state="pending",
            address_key=key_for(kind="email", identifier=self.whom.address),
        )
        may = self.cloud.role(self.who, self.organization) is not None
        return invite, may and not is_member and not pending.exists()

    def prepare_to_accept(self) -> tuple[Callable[[], object], bool]:
        """Accept an invitation of the organization: one's own, or else somebody's."""
        offered = Invitation.objects.filter(organization_id=self.organization).order_by("sent_at", "id")
        key = key_for(kind="email", identifier=self.who.address)
        invitation = offered.filter(address_key=key).first() or offered.first()
        if invitation is None:
            return _nothing, True
        accept = partial(
            invitations.accept,
            token=token_of(invitation.id),
            account_id=self.who.account_id,
            now=self.now,
        )
        inviter = OrganizationMembership.objects.filter(id=invitation.inviter_id or 0).first()
        # Whoever was demoted meanwhile may still invite members.
        is_worth = inviter is not None and Role.OWNER in {inviter.role, _opposite(invitation.role)}
        is_mine = self.cloud.is_here(self.who) and invitation.address_key == key
        is_free = self.cloud.role(self.who, self.organization) is None
        return accept, invitation.state == "pending" and is_worth and is_mine and is_free


def _opposite(role: str) -> Role:
    return Role.MEMBER if role == Role.OWNER else Role.OWNER


def _nothing() -> None:
    pass


WHAT = sorted(name.removeprefix("prepare_to_") for name in vars(Doing) if name.startswith("prepare_to_"))
WHO = st.integers(0, 3)
# Most in one place, so that people meet.
WHERE = st.sampled_from([0, 0, 0, 1, 2, 3])
ACTS = st.builds(Act, st.sampled_from(WHAT), WHO, WHO, WHERE)


class Machine(RuleBasedStateMachine):
    """People, organizations and what they do to each other."""

    def __init__(self) -> None:
        super().__init__()
        self.cloud = Cloud()
        for _ in range(3):
            self.sign_up()
        # Something to begin with: an organization with two owners, a member and a second project.
        for what, who, whom in (
            ("invite", 0, 1),
            ("accept", 1, 0),
            ("invite", 0, 2),
            ("accept", 2, 0),
            ("promote", 0, 1),
            ("create_project", 0, 0),
        ):
            self.one(Act(what, who, whom, where=0))

    @rule()
    @precondition(lambda self: len(self.cloud.people) < 6)
    def sign_up(self) -> None:
        address = f"person{next(NUMBERS)}@example.org"
        self.cloud.people.append(Person(join(address, self.cloud.now), address))
        self._look()

    @rule(act=ACTS)
    def one(self, act: Act) -> None:
        do, is_done = Doing(self.cloud, act).prepare()
        outcome = _outcome(do)
        self._look()
        # How many invitations somebody may send is not told beforehand.
        assert isinstance(outcome, LimitReached) or _is_done(outcome) == is_done, (act, outcome)

    @rule(first=ACTS, second=ACTS)
    def two_at_once(self, first: Act, second: Act) -> None:
        doing = [Doing(self.cloud, act).prepare()[0] for act in (first, second)]
        outcomes = all_at_once(*doing)
        self._look()
        for outcome in outcomes:
            assert _is_done(outcome) or isinstance(outcome, Fact), (first, second, outcomes)

    def _look(self) -> None:
        """See what there is now; what is gone is still known, so that it is asked for."""
        cloud = self.cloud
        cloud.now += timedelta(minutes=2)
        ids = [person.account_id for person in cloud.people]
        here = set(Account.objects.filter(id__in=ids).values_list("id", flat=True))
        gone = [person for person in cloud.people if person.account_id not in here]
        cloud.erased += [person for person in gone if person not in cloud.erased]
        organizations = OrganizationMembership.objects.filter(account_id__in=ids).order_by("id")
        for organization_id in organizations.values_list("organization_id", flat=True):
            if organization_id not in cloud.organizations:
                cloud.organizations.append(organization_id)
        found = Project.objects.filter(organization_id__in=cloud.organizations).order_by("created_at", "id")
        cloud.projects += [id_ for id_ in found.values_list("id", flat=True) if id_ not in cloud.projects]

    @invariant()
    def nothing_is_broken(self) -> None:
        for what, statement in NEVER.items():
            assert sql.rows(statement) == [], what
        assert sql.rows(PLACES_OF_OTHERS) == []
        assert sql.rows(WELCOMED_TWICE, [Kind.ORGANIZATION_CREATED.value, FIRST_ORGANIZATION]) == []

    @invariant()
    def nobody_who_is_gone_has_anything(self) -> None:
        gone = [person.account_id for person in self.cloud.erased]
        assert not OrganizationMembership.objects.filter(account_id__in=gone).exists()
        assert not ProjectMembership.objects.filter(member__account_id__in=gone).exists()
        assert not ApiKey.objects.filter(member__account_id__in=gone).exists()
        assert not Organization.objects.filter(contact_id__in=gone).exists()

    @invariant()
    def nobody_comes_back(self) -> None:
        for person in self.cloud.erased:
            assert status_of(kind="email", identifier=person.address) == ClaimStatus.RETIRED

    def teardown(self) -> None:
        """Leave room for the next example."""
        sql.run("DELETE FROM tenancy_organization")


def _outcome(do: Callable[[], object]) -> object:
    try:
        return do()
    except Fact as refusal:
        return refusal


def _is_done(outcome: object) -> bool:
    return not isinstance(outcome, Exception)


def run(examples: int, steps: int) -> None:
    profile: Any = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=profile)


@pytest.fixture(autouse=True)
def _fast_passwords() -> Iterator[None]:
    # How passwords are kept is tested elsewhere; here hundreds of people sign up.
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


def test_a_few_hundred_steps() -> None:
    run(examples=15, steps=20)


@pytest.mark.long
def test_thousands_of_steps() -> None:
    run(examples=100, steps=50)
