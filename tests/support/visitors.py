"""People who are signed in, and what they belong to: for tests over pages and REST."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.test import Client
from django.utils import timezone

from adieu.kit.transactions import transaction
from adieu.tenancy import operations, ownership, projects
from adieu.tenancy.models import OrganizationMembership, ProjectMembership, Role
from adieu.tenancy.queries import projects_of
from tests.support.entrance import sign_in
from tests.support.people import join


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser that is signed in."""

    account_id: UUID
    address: str
    browser: Client

    def get(self, page: str, **query: str) -> Any:
        """Open a page."""
        return self.browser.get(page, query)

    def shown(self, page: str, **query: str) -> str:
        """Open a page that is there, and read it."""
        answer = self.get(page, **query)
        assert answer.status_code == 200, (page, answer.status_code)
        text: str = answer.content.decode()
        return text

    def post(self, page: str, **values: object) -> Any:
        """Send a form."""
        return self.browser.post(page, values)

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Call the REST API."""
        sent = "" if body is None else json.dumps(body)
        return self.browser.generic(method, f"/api/v1{path}", sent, content_type="application/json")


def enter(name: str) -> Visitor:
    """Join as `name`@example.org and sign in, which makes "My organization"."""
    address = f"{name}@example.org"
    account_id = join(address, timezone.now())
    browser = Client()
    sign_in(browser, address)
    return Visitor(account_id, address, browser)


def found(owner: Visitor, name: str = "Night school") -> UUID:
    """Create an organization."""
    return operations.create_organization(account_id=owner.account_id, name=name, now=timezone.now())


@transaction
def admit(organization_id: UUID, visitor: Visitor, role: Role = Role.MEMBER) -> None:
    """Make somebody a member."""
    ownership.admit(
        organization_id=organization_id, account_id=visitor.account_id, role=role, now=timezone.now()
    )


def start_project(organization_id: UUID, owner: Visitor, name: str = "Recipes") -> UUID:
    """Create a project."""
    return projects.create_project(
        organization_id=organization_id, account_id=owner.account_id, name=name, now=timezone.now()
    )


def place(project_id: UUID, owner: Visitor, visitor: Visitor, role: Role = Role.MEMBER) -> None:
    """Give somebody a place in a project."""
    projects.add_member(
        project_id=project_id,
        account_id=owner.account_id,
        member_id=visitor.account_id,
        role=role,
        now=timezone.now(),
    )


def default_project(organization_id: UUID, owner: Visitor) -> UUID:
    """Find the default project."""
    everything = projects_of(organization_id=organization_id, account_id=owner.account_id)
    return next(project.id for project in everything if project.is_default)


def roles(organization_id: UUID) -> dict[UUID, str]:
    """Tell who has which role in an organization."""
    rows = OrganizationMembership.objects.filter(organization_id=organization_id)
    return dict(rows.values_list("account_id", "role"))


def project_roles(project_id: UUID) -> dict[UUID, str]:
    """Tell who has which role in a project."""
    rows = ProjectMembership.objects.filter(project_id=project_id)
    return dict(rows.values_list("member__account_id", "role"))


def problem(answer: Any) -> tuple[int, str]:
    """Read a refusal of the API: its status and the name of what is wrong."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["type"].removeprefix("urn:adieu:problem:")


def walk_through(visitor: Visitor, path: str) -> list[dict[str, Any]]:
    """Read a list of the API to its end, one item at a time."""
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page: Any = visitor.browser.get(f"/api/v1{path}", {"limit": "1", "cursor": cursor})
        items += page.json()["items"]
        cursor = page.json()["next_cursor"]
    return items
