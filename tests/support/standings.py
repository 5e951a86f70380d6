"""An organization in which somebody stands in every place there is, and a stranger outside."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.apps import apps
from django.test import Client

from adieu.accounts.models import Account
from adieu.accounts.terms import agree
from adieu.activities.models import Activity
from adieu.clusters import operations as clusters
from adieu.clusters.models import Cluster, State
from adieu.kit.transactions import transaction
from adieu.notices.models import Notice
from adieu.tenancy import api_keys, ownership, projects
from adieu.tenancy.models import Invitation, Role
from adieu.tenancy.offers import token_of
from adieu.tenancy.operations import create_organization
from adieu.tenancy.permissions import Place, standing_in
from adieu.vault import operations as vault
from tests.support.cast import make_account

ORGANIZATION, PROJECT, CLUSTER_NAME = "Lighthouse", "Recipes", "Birds"
STRANGER = "stranger"
# What a page says anew each time, and what was asked for.
FLEETING = re.compile(
    rb'name="csrfmiddlewaretoken" value="\w+"|nonce="?[\w+/=-]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-\w{12}'
)


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    account_id: UUID
    name: str
    browser: Client

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Call the REST API."""
        sent = "" if body is None else json.dumps(body)
        return self.browser.generic(method, f"/api/v1{path}", sent, content_type="application/json")

    def page(self, method: str, path: str, values: dict[str, Any] | None = None) -> Any:
        """Open a page or send a form."""
        return self.browser.post(path, values or {}) if method == "POST" else self.browser.get(path)


class People:
    """Everybody, signed in once."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.founder = enter("Founder", now)
        self.standing = {
            place: enter(place.title(), now) for place in (*(place.value for place in Place), STRANGER)
        }
        self.member = enter("Zebra", now)
        self.newcomer = enter("Quagga", now)

    @property
    def names(self) -> list[str]:
        """What a stranger must not read."""
        inside = [self.founder, self.member, self.newcomer]
        inside += [person for place, person in self.standing.items() if place != STRANGER]
        return [ORGANIZATION, PROJECT, CLUSTER_NAME, *(person.name for person in inside)]


@dataclass(frozen=True)
class World:
    """An organization of these people: a member who is in the project, and a newcomer who is not."""

    people: People
    organization: UUID
    project: UUID
    cluster: UUID
    suspended: UUID
    invitation: UUID
    api_key: UUID

    @property
    def ids(self) -> dict[str, str]:
        """The ids that addresses are made of."""
        return {
            "organization_id": str(self.organization),
            "project_id": str(self.project),
            "cluster_id": str(self.cluster),
            "suspended_id": str(self.suspended),
            "invitation_id": str(self.invitation),
            "api_key_id": str(self.api_key),
            "token": token_of(self.invitation),
            "member_id": str(self.people.member.account_id),
            "account_id": str(self.people.member.account_id),
            "newcomer": str(self.people.newcomer.account_id),
        }


def enter(name: str, now: datetime) -> Person:
    """Make an account and sign it in."""
    account_id = make_account()
    vault.put(account_id=account_id, address=f"{name.replace(' ', '.')}@example.org", name=name, now=now)
    agree(account_id=account_id, now=now)
    browser = Client()
    browser.force_login(Account.objects.get(id=account_id))
    return Person(account_id, name, browser)


def build(people: People, *, has_clusters: bool = False) -> World:
    """Make the organization; with clusters its project, and so itself, cannot be deleted."""
    now, founder = people.now, people.founder.account_id
    organization_id = create_organization(account_id=founder, name=ORGANIZATION, now=now)
    for place, person in people.standing.items():
        if place != STRANGER:
            role = Role.OWNER if place == Place.ORGANIZATION_OWNER else Role.MEMBER
            _admit(organization_id, person, role, now)
    _admit(organization_id, people.member, Role.MEMBER, now)
    _admit(organization_id, people.newcomer, Role.MEMBER, now)
    project_id = projects.create_project(
        organization_id=organization_id, account_id=founder, name=PROJECT, now=now
    )
    placed = [
        (people.standing[Place.PROJECT_OWNER], Role.OWNER),
        (people.standing[Place.PROJECT_MEMBER], Role.MEMBER),
        (people.member, Role.MEMBER),
    ]
    for person, role in placed:
        projects.add_member(
            project_id=project_id, account_id=founder, member_id=person.account_id, role=role, now=now
        )
    key = api_keys.create(
        account_id=people.member.account_id,
        organization_id=organization_id,
        name="laptop",
        expires_at=None,
        now=now,
    )
    running, suspended = _run_clusters(project_id, founder, now) if has_clusters else (uuid4(), uuid4())
    invitation_id = _invite(organization_id, founder, now)
    return World(people, organization_id, project_id, running, suspended, invitation_id, key.id)


def tenancy_rows() -> dict[str, list[Any]]:
    """Take a picture of everything that an operation could have changed."""
    models: list[Any] = [*apps.get_app_config("tenancy").get_models(), Cluster, Activity, Notice]
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}


def without_fleeting(body: bytes) -> bytes:
    """Take out of a page what differs each time."""
    return FLEETING.sub(b"", body)


@transaction
def _admit(organization_id: UUID, person: Person, role: Role, now: datetime) -> None:
    ownership.admit(organization_id=organization_id, account_id=person.account_id, role=role, now=now)


def _invite(organization_id: UUID, inviter: UUID, now: datetime) -> UUID:
    offered = Invitation.objects.create(
        organization_id=organization_id,
        inviter=standing_in(organization_id=organization_id, account_id=inviter).membership,
        address_key=uuid4().hex * 2,
        role=Role.MEMBER,
        invited_at=now,
        sent_at=now - timedelta(minutes=5),
        expires_at=now + timedelta(hours=48),
    )
    return offered.id


def _run_clusters(project_id: UUID, account_id: UUID, now: datetime) -> tuple[UUID, UUID]:
    """Make a cluster that runs and one that is suspended, as far as their rows say."""
    running, suspended = (
        clusters.create(project_id=project_id, account_id=account_id, name=name, now=now)
        for name in (CLUSTER_NAME, "Fish")
    )
    Cluster.objects.filter(id=running).update(state=State.RUNNING, started_at=now)
    Cluster.objects.filter(id=suspended).update(state=State.SUSPENDED, started_at=now, suspended_at=now)
    return running, suspended
