"""Clusters, and whoever leaves or destroys what holds them, at once (Rules D2, K2, O4, O5, O6, O7).

On PostgreSQL two connections are stepped through orders of their statements; each order has to end as if one
operation had come after the other. On SQLite, which has one writer at a time, they start together.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from random import Random
from uuid import UUID

import pytest
from django.conf import settings
from django.test import override_settings

from adieu.accounts.models import Account
from adieu.clusters import operations
from adieu.clusters.models import Cluster, State
from adieu.deletion import crossing, requests, verification
from adieu.deletion.consents import TEXTS
from adieu.deletion.models import DeletionRequest
from adieu.kit.errors import Fact
from adieu.kit.setting_values import Ports
from adieu.kit.transactions import transaction
from adieu.tenancy import members, ownership, projects
from adieu.tenancy.models import Organization, Project, ProjectMembership, Role
from adieu.tenancy.operations import create_organization, delete_organization
from tests.support.cast import make_account
from tests.support.crowds import all_at_once
from tests.support.exploration import Exploration, explore
from tests.support.people import SESSION

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

SEED = 20300304
SHARED = re.compile(r"\b(?:tenancy|clusters|activities)_\w+|\baccounts_account\b")


@dataclass(frozen=True)
class Cast:
    """Bob's organization; Alice and Charlie are members, and own a project in which there is a cluster."""

    alice: UUID
    bob: UUID
    charlie: UUID
    organization: UUID
    project: UUID
    cluster: UUID
    now: datetime


def assemble(now: datetime, *, alone: bool, is_empty: bool) -> Cast:
    """Make it; Charlie owns the project only when Alice is not alone."""
    alice, bob, charlie = (make_account() for _ in range(3))
    organization_id = create_organization(account_id=bob, name="Office", now=now)
    with transaction():
        for account_id in (alice, charlie):
            ownership.admit(organization_id=organization_id, account_id=account_id, role=Role.MEMBER, now=now)
    project_id = projects.create_project(
        organization_id=organization_id, account_id=bob, name="Atlas", now=now
    )
    for member in (alice,) if alone else (alice, charlie):
        projects.add_member(project_id=project_id, account_id=bob, member_id=member, role=Role.OWNER, now=now)
    projects.remove_member(project_id=project_id, account_id=bob, member_id=bob, now=now)
    cluster_id = operations.create(project_id=project_id, account_id=bob, name="Birds", now=now)
    Cluster.objects.filter(id=cluster_id).update(state=State.RUNNING, started_at=now)
    if is_empty:
        Cluster.objects.filter(id=cluster_id).delete()
    return Cast(alice, bob, charlie, organization_id, project_id, cluster_id, now)


def confirm(cast: Cast, who: UUID) -> None:
    request = DeletionRequest.objects.get(account_id=who)
    crossing.confirm(
        account_id=who,
        code=verification.code_of(request_id=request.id, number=1),
        consents=TEXTS,
        session_digest=SESSION,
        now=cast.now,
    )


def ask_to_leave(who: UUID, now: datetime) -> None:
    requests.open_request(account_id=who, reason="privacy", comment="", now=now)
    # What sending a code does after its limits.
    verification._owe_code(account_id=who, session_digest=SESSION, now=now)


def create(cast: Cast, who: UUID, name: str) -> None:
    operations.create(project_id=cast.project, account_id=who, name=name, now=cast.now)


def delete(cast: Cast, who: UUID) -> None:
    operations.delete(cluster_id=cast.cluster, account_id=who, typed_name="Birds", now=cast.now)


def suspend(cast: Cast, who: UUID) -> None:
    operations.suspend(cluster_id=cast.cluster, account_id=who, now=cast.now)


def leave(cast: Cast, who: UUID) -> None:
    members.leave_organization(organization_id=cast.organization, account_id=who, now=cast.now)


def remove_alice(cast: Cast, who: UUID) -> None:
    members.remove_member(
        organization_id=cast.organization, account_id=who, member_id=cast.alice, now=cast.now
    )


def demote(cast: Cast, who: UUID) -> None:
    projects.change_member_role(
        project_id=cast.project, account_id=who, member_id=who, role=Role.MEMBER, now=cast.now
    )


def delete_project(cast: Cast, who: UUID) -> None:
    projects.delete_project(project_id=cast.project, account_id=who, typed_name="Atlas", now=cast.now)


def destroy_organization(cast: Cast, who: UUID) -> None:
    delete_organization(organization_id=cast.organization, account_id=who, typed_name="Office", now=cast.now)


type Act = tuple[str, Callable[[Cast, UUID], None]]


@dataclass(frozen=True)
class Pairing:
    """Two acts at once: where they begin, and how many of them can come true."""

    first: Act
    second: Act
    come_true: frozenset[int] = frozenset({1, 2})
    alone: bool = False
    is_empty: bool = False

    def __str__(self) -> str:
        acts = (f"{who} {act.__name__}" for who, act in (self.first, self.second))
        return " + ".join(acts) + (" (alone)" if self.alone else "")

    def assemble(self, now: datetime) -> tuple[Cast, list[Callable[[], object]]]:
        cast = assemble(now, alone=self.alone, is_empty=self.is_empty)
        acts: list[Callable[[], object]] = []
        for name, act in (self.first, self.second):
            who: UUID = getattr(cast, name)
            if act is confirm:
                ask_to_leave(who, now)
            acts.append(partial(act, cast, who))
        return cast, acts


def create_bees(cast: Cast, who: UUID) -> None:
    create(cast, who, "Bees")


ONE = frozenset({1})
PAIRINGS = [
    # Of two owners of a project with a cluster who go at once, one stays.
    Pairing(("alice", leave), ("charlie", leave), ONE),
    Pairing(("alice", leave), ("charlie", confirm), ONE),
    Pairing(("alice", confirm), ("charlie", confirm), ONE),
    Pairing(("alice", demote), ("charlie", demote), ONE),
    Pairing(("alice", demote), ("charlie", leave), ONE),
    Pairing(("alice", leave), ("bob", create_bees), frozenset({1, 2}), alone=True, is_empty=True),
    Pairing(("alice", confirm), ("bob", create_bees), frozenset({1, 2}), alone=True, is_empty=True),
    Pairing(("alice", leave), ("bob", delete), frozenset({1, 2}), alone=True),
    Pairing(("bob", remove_alice), ("alice", leave), ONE, alone=True),
    Pairing(("bob", remove_alice), ("charlie", leave), frozenset({1, 2})),
    Pairing(("bob", remove_alice), ("alice", create_bees), frozenset({1, 2}), alone=True),
    Pairing(("bob", create_bees), ("alice", create_bees), ONE),
    Pairing(("bob", create_bees), ("bob", delete_project), ONE, is_empty=True),
    Pairing(("alice", create_bees), ("bob", destroy_organization), ONE, is_empty=True),
    Pairing(("alice", delete), ("bob", delete_project), frozenset({1, 2})),
    Pairing(("alice", delete), ("charlie", suspend), frozenset({1, 2})),
    Pairing(("alice", suspend), ("charlie", suspend), frozenset({2})),
]

type Ending = tuple[object, ...]


def is_ok(outcome: object) -> bool:
    return not isinstance(outcome, Exception)


def ending_of(cast: Cast, outcomes: Sequence[object]) -> Ending:
    names = {cast.alice: "alice", cast.bob: "bob", cast.charlie: "charlie"}
    places = ProjectMembership.objects.filter(project_id=cast.project)
    return (
        *map(is_ok, outcomes),
        Organization.objects.filter(id=cast.organization).exists(),
        Project.objects.filter(id=cast.project).exists(),
        sorted((names[who], role) for who, role in places.values_list("member__account_id", "role")),
        sorted(
            (name, str(state), project == cast.project)
            for name, state, project in Cluster.objects.values_list("name", "state", "project_id")
        ),
        sorted(names[who] for who in Account.objects.filter(id__in=names).values_list("id", flat=True)),
    )


def check(pairing: Pairing, outcomes: Sequence[object], script: str) -> None:
    for outcome in outcomes:
        # Never a deadlock, never an error of the database itself.
        assert is_ok(outcome) or isinstance(outcome, Fact), f"{outcome!r}\n{script}"
    assert sum(map(is_ok, outcomes)) in pairing.come_true, f"{outcomes}\n{script}"


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("pairing", PAIRINGS, ids=str)
def test_some_orders_of_statements(now: datetime, pairing: Pairing) -> None:
    casts: list[Cast] = []

    def make() -> Sequence[Callable[[], object]]:
        Cluster.objects.all().delete()
        cast, acts = pairing.assemble(now)
        casts.append(cast)
        return acts

    serial: list[Ending] = []
    exploration = Exploration(most=12, at_random=6, random=Random(SEED), shared=SHARED)
    for played in explore(make, exploration):
        check(pairing, played.outcomes, played.script())
        ending = ending_of(casts[-1], played.outcomes)
        if len(serial) < 2:
            serial.append(ending)
        assert ending in serial, f"{played.outcomes}\n{ending}\nis neither of\n{serial}\n{played.script()}"


@pytest.mark.parametrize("pairing", PAIRINGS, ids=str)
def test_at_once(now: datetime, pairing: Pairing) -> None:
    _, acts = pairing.assemble(now)
    check(pairing, all_at_once(*acts), "")


def test_of_many_at_once_each_gets_a_port_or_is_told_that_none_is_left(now: datetime) -> None:
    bob = make_account()
    places = [create_organization(account_id=bob, name=f"Office {number}", now=now) for number in range(5)]
    made = list(Project.objects.filter(organization_id__in=places).values_list("id", flat=True))
    acts = [
        partial(operations.create, project_id=made[number % 5], account_id=bob, name=str(number), now=now)
        for number in range(50)
    ]
    with override_settings(ADIEU=replace(settings.ADIEU, cluster_ports=Ports(20001, 20030))):
        outcomes = all_at_once(*acts)
    refused = Counter(type(outcome) for outcome in outcomes if not is_ok(outcome))
    assert refused == {operations.NoPortFree: 20}
    assert sorted(Cluster.objects.values_list("port", flat=True)) == list(range(20001, 20031))
