"""Who may do what, by the table: every place, every operation, over the domain, REST and pages (Rule O1)."""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import StreamingHttpResponse
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from adieu.api.v1.paging import Paging
from adieu.api.v1.service import api
from adieu.tenancy import (
    activity_export,
    activity_log,
    api_keys,
    invitations,
    members,
    offers,
    operations,
    projects,
    queries,
    rosters,
)
from adieu.tenancy.activity_log import Wanted
from adieu.tenancy.information import Information
from adieu.tenancy.models import Role
from adieu.tenancy.offers import InvitationNotFound
from adieu.tenancy.permissions import (
    TABLE,
    NotAllowed,
    OrganizationNotFound,
    Permission,
    Place,
    ProjectNotFound,
)
from tests.support.standings import (
    ORGANIZATION,
    PROJECT,
    STRANGER,
    People,
    Person,
    World,
    build,
    tenancy_rows,
    without_fleeting,
)

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

NOT_FOUND = (OrganizationNotFound, ProjectNotFound, InvitationNotFound)
type Sent = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """A page or form, by its name."""

    method: str
    name: str
    values: Sent = field(default_factory=dict)
    # Nearly every form leads on; one shows what is shown once.
    done: int = 302


@dataclass(frozen=True)
class Rest:
    """An endpoint, by its path; values with braces are filled with ids."""

    method: str
    path: str
    body: Sent | None = None


@dataclass(frozen=True)
class Operation:
    """Something that can be done, and the permission it takes, from the table of `domain.md`."""

    name: str
    permission: Permission
    functions: tuple[Callable[..., object], ...] = ()
    arguments: Sent = field(default_factory=dict)
    faces: tuple[Page | Rest, ...] = ()
    is_in_project: bool = False


M = Permission
INFORMATION = {"name": "Harbour", "description": "", "website": "", "contact": "", "time_zone": "UTC"}
ORG = "/organizations/{organization_id}"

OPERATIONS = [
    Operation(
        "see an organization",
        M.SEE_ORGANIZATION,
        (queries.organization, queries.details_of),
        faces=(Page("GET", "organization"), Rest("GET", ORG)),
    ),
    Operation(
        "change an organization",
        M.MANAGE_ORGANIZATION,
        (operations.change_organization,),
        {"information": Information("Harbour")},
        (Page("POST", "organization", INFORMATION), Rest("PATCH", ORG, {"name": "Harbour"})),
    ),
    Operation(
        "delete an organization",
        M.MANAGE_ORGANIZATION,
        (operations.delete_organization,),
        {"typed_name": ORGANIZATION},
        (
            Page("GET", "organization_delete"),
            Page("POST", "organization_delete", {"name": ORGANIZATION}),
            Rest("DELETE", ORG, {"name": ORGANIZATION}),
        ),
    ),
    Operation(
        "leave",
        M.SEE_ORGANIZATION,
        (members.leave_organization,),
        faces=(
            Page("GET", "organization_leave"),
            Page("POST", "organization_leave"),
            Page("POST", "organization_hand_over_and_leave"),
            Rest("POST", f"{ORG}/leave"),
        ),
    ),
    Operation(
        "see members",
        M.SEE_ORGANIZATION,
        (rosters.members_of, rosters.membership_rows),
        faces=(Page("GET", "organization_members"), Rest("GET", f"{ORG}/members")),
    ),
    Operation("see a member", M.SEE_ORGANIZATION, (rosters.member_of,), {"member_id": "{member_id}"}),
    Operation(
        "change a member's role",
        M.MANAGE_MEMBERS,
        (members.change_role,),
        {"member_id": "{member_id}", "role": Role.OWNER},
        (
            Page("POST", "organization_member_role", {"role": "owner"}),
            Rest("PATCH", f"{ORG}/members/{{account_id}}", {"role": "owner"}),
        ),
    ),
    Operation(
        "remove a member",
        M.MANAGE_MEMBERS,
        (members.remove_member,),
        {"member_id": "{member_id}"},
        (
            Page("GET", "organization_member_remove"),
            Page("POST", "organization_member_remove"),
            Rest("DELETE", f"{ORG}/members/{{account_id}}"),
        ),
    ),
    Operation(
        "hand over",
        M.MANAGE_MEMBERS,
        (members.hand_over,),
        {"member_id": "{member_id}"},
        (
            Page("GET", "organization_hand_over", {"member": "{member_id}"}),
            Page("POST", "organization_hand_over", {"member": "{member_id}"}),
            Rest("POST", f"{ORG}/ownership", {"account_id": "{member_id}"}),
        ),
    ),
    Operation(
        "make owners",
        M.MANAGE_MEMBERS,
        (members.make_owners,),
        {"owners": {"{organization_id}": "{member_id}"}},
    ),
    Operation(
        "see projects",
        M.SEE_ORGANIZATION,
        (queries.projects_of, queries.project_rows),
        faces=(Page("GET", "organization_projects"), Rest("GET", f"{ORG}/projects")),
    ),
    Operation(
        "create a project",
        M.MANAGE_PROJECTS,
        (projects.create_project,),
        {"name": "Maps"},
        (
            Page("GET", "project_create"),
            Page("POST", "project_create", {"name": "Maps"}),
            Rest("POST", f"{ORG}/projects", {"name": "Maps"}),
        ),
    ),
    Operation(
        "see a project",
        M.USE_CLUSTERS,
        (queries.project,),
        faces=(Page("GET", "project"), Rest("GET", "/projects/{project_id}")),
        is_in_project=True,
    ),
    Operation(
        "see a project's members",
        M.USE_CLUSTERS,
        (rosters.project_members_of, rosters.project_membership_rows),
        faces=(Rest("GET", "/projects/{project_id}/members"),),
        is_in_project=True,
    ),
    Operation(
        "see a member of a project",
        M.USE_CLUSTERS,
        (rosters.project_member_of,),
        {"member_id": "{member_id}"},
        is_in_project=True,
    ),
    Operation(
        "rename a project",
        M.MANAGE_PROJECTS,
        (projects.rename_project,),
        {"name": "Maps"},
        (
            Page("POST", "project", {"name": "Maps"}),
            Rest("PATCH", "/projects/{project_id}", {"name": "Maps"}),
        ),
        is_in_project=True,
    ),
    Operation(
        "delete a project",
        M.MANAGE_PROJECTS,
        (projects.delete_project,),
        {"typed_name": PROJECT},
        (
            Page("GET", "project_delete"),
            Page("POST", "project_delete", {"name": PROJECT}),
            Rest("DELETE", "/projects/{project_id}", {"name": PROJECT}),
        ),
        is_in_project=True,
    ),
    Operation(
        "add a member to a project",
        M.MANAGE_PROJECT_MEMBERS,
        (projects.add_member,),
        {"member_id": "{newcomer}", "role": Role.MEMBER},
        (
            Page("POST", "project_member_add", {"member": "{newcomer}", "role": "member"}),
            Rest("POST", "/projects/{project_id}/members", {"account_id": "{newcomer}", "role": "member"}),
        ),
        is_in_project=True,
    ),
    Operation(
        "change a role in a project",
        M.MANAGE_PROJECT_MEMBERS,
        (projects.change_member_role,),
        {"member_id": "{member_id}", "role": Role.OWNER},
        (
            Page("POST", "project_member_role", {"role": "owner"}),
            Rest("PATCH", "/projects/{project_id}/members/{account_id}", {"role": "owner"}),
        ),
        is_in_project=True,
    ),
    Operation(
        "remove a member from a project",
        M.MANAGE_PROJECT_MEMBERS,
        (projects.remove_member,),
        {"member_id": "{member_id}"},
        (
            Page("POST", "project_member_remove"),
            Rest("DELETE", "/projects/{project_id}/members/{account_id}"),
        ),
        is_in_project=True,
    ),
    Operation(
        "see activities",
        M.MANAGE_ORGANIZATION,
        (activity_log.show,),
        {"wanted": Wanted(), "paging": Paging()},
        (Page("GET", "organization_activities"), Rest("GET", f"{ORG}/activities")),
    ),
    Operation("see who acted", M.MANAGE_ORGANIZATION, (activity_log.actors,), {"chosen_id": None}),
    Operation("see the time zone of the log", M.MANAGE_ORGANIZATION, (activity_log.time_zone_of,)),
    Operation("go through activities", M.MANAGE_ORGANIZATION, (activity_log.walk,), {"wanted": Wanted()}),
    Operation(
        "export activities",
        M.MANAGE_ORGANIZATION,
        (activity_export.export,),
        {"wanted": Wanted(), "form": activity_export.Format.CSV},
        (
            Page("GET", "organization_activities_export", {"format": "csv"}),
            Rest("GET", f"{ORG}/activities/export?format=csv"),
        ),
    ),
    Operation(
        "invite a member",
        M.INVITE_MEMBERS,
        (invitations.invite,),
        {"addresses": ["new@example.org"], "role": Role.MEMBER},
        (
            Page("POST", "organization_invitations", {"addresses": "new@example.org", "role": "member"}),
            Rest("POST", f"{ORG}/invitations", {"emails": ["new@example.org"]}),
        ),
    ),
    Operation(
        "invite an owner",
        M.MANAGE_MEMBERS,
        (invitations.invite,),
        {"addresses": ["new@example.org"], "role": Role.OWNER},
        (Rest("POST", f"{ORG}/invitations", {"emails": ["new@example.org"], "role": "owner"}),),
    ),
    Operation(
        "see invitations",
        M.INVITE_MEMBERS,
        (offers.pending_in, offers.projects_to_offer),
        faces=(Page("GET", "organization_invitations"), Rest("GET", f"{ORG}/invitations")),
    ),
    Operation(
        "send somebody's invitation again",
        M.MANAGE_MEMBERS,
        (invitations.resend,),
        {"invitation_id": "{invitation_id}"},
        (
            Page("POST", "organization_invitation_resend"),
            Rest("POST", "/invitations/{invitation_id}/resend"),
        ),
    ),
    Operation(
        "revoke somebody's invitation",
        M.MANAGE_MEMBERS,
        (invitations.revoke,),
        {"invitation_id": "{invitation_id}"},
        (Page("POST", "organization_invitation_revoke"), Rest("DELETE", "/invitations/{invitation_id}")),
    ),
    Operation(
        "see one's keys",
        M.SEE_ORGANIZATION,
        (api_keys.keys_of, api_keys.rows_of),
        faces=(Page("GET", "organization_api_keys"), Rest("GET", f"{ORG}/api-keys")),
    ),
    Operation(
        "make a key",
        M.SEE_ORGANIZATION,
        (api_keys.create,),
        {"name": "laptop", "expires_at": None},
        (
            Page("POST", "organization_api_keys", {"name": "laptop", "ends": "30"}, done=200),
            Rest("POST", f"{ORG}/api-keys", {"name": "laptop"}),
        ),
    ),
]

# What is nobody's to give: why the table does not decide about it, and where that is tested instead.
NOT_BY_PLACE = {
    "organization_create": "whoever is signed in",
    "invitation": "whoever has the link; what it shows is in test_invitations.py",
    "invitation_accept": "whoever is invited: test_invitations.py",
    "invitation_decline": "whoever is invited: test_invitations.py",
    "organization_api_key_reset": "whose key it is",
    "organization_api_key_revoke": "whose key it is",
    "GET /invitations/by-link/{token}": "whoever is invited",
    "POST /invitations/by-link/{token}/accept": "whoever is invited",
    "POST /invitations/by-link/{token}/decline": "whoever is invited",
    "POST /api-keys/{api_key_id}/reset": "whose key it is",
    "DELETE /api-keys/{api_key_id}": "whose key it is",
    "GET /organizations": "one's own list",
    "POST /organizations": "whoever is signed in",
}
FUNCTIONS_NOT_BY_PLACE = {
    operations.welcome,
    operations.create_organization,
    operations.found,
    queries.organization_names_of,
    queries.organization_rows,
    queries.detailed,
    queries.organizations_of,
    rosters.others_in,
    invitations.accept,
    invitations.decline,
    offers.offers_to,
    offers.has_offers,
    offers.offer_behind,
    api_keys.key_of,
    api_keys.reset,
    api_keys.revoke,
}
PACKAGES: Sequence[ModuleType] = (
    activity_export,
    activity_log,
    api_keys,
    invitations,
    members,
    offers,
    operations,
    projects,
    queries,
    rosters,
)


def expected(operation: Operation, place: str) -> int:
    """Tell by the table what becomes of it, as a status: 200, 403 or 404."""
    if place == STRANGER:
        return 404
    # Whoever has a place in the project is a member of the organization, too.
    places = {Place(place)}
    if place != Place.ORGANIZATION_OWNER:
        places.add(Place.ORGANIZATION_MEMBER)
    if operation.is_in_project and not places & TABLE[Permission.USE_CLUSTERS]:
        return 404
    return 200 if places & TABLE[operation.permission] else 403


PLACES = [*(place.value for place in Place), STRANGER]


@dataclass(frozen=True)
class Turn:
    """Somebody tries something in a world; `before` is what there was."""

    person: Person
    world: World
    status: int
    before: dict[str, list[Any]]

    def check(self, *, is_reading: bool = False) -> None:
        """Hold that what was refused changed nothing, and what was done did something."""
        is_changed = tenancy_rows() != self.before
        assert is_changed == (self.status == 200 and not is_reading), self.person.name


def everywhere(operation: Operation, people: People) -> Iterator[Turn]:
    """Give everybody's turn, in a new world once one has changed; first those who are refused."""
    world = build(people)
    before = tenancy_rows()
    for place in sorted(PLACES, key=lambda place: -expected(operation, place)):
        yield Turn(people.standing[place], world, expected(operation, place), before)
        if tenancy_rows() != before:
            world = build(people)
            before = tenancy_rows()


def filled(value: Any, ids: dict[str, str]) -> Any:
    """Put ids where a value says so."""
    match value:
        case str():
            return value.format(**ids) if "{" in value else value
        case dict():
            return {filled(key, ids): filled(each, ids) for key, each in value.items()}
        case _:
            return value


def as_ids(value: Any, ids: dict[str, str]) -> Any:
    """The same for the domain, which takes UUIDs."""
    if isinstance(value, dict):
        return {as_ids(key, ids): as_ids(each, ids) for key, each in value.items()}
    return UUID(filled(value, ids)) if isinstance(value, str) and value.startswith("{") else value


def name_of(operation: Operation) -> str:
    return operation.name


def call(function: Callable[..., object], operation: Operation, person: Person, world: World) -> int:
    """Do it in the domain, and tell what became of it as a status."""
    takes = inspect.signature(function).parameters
    offered = {
        "organization_id": world.organization,
        "project_id": world.project,
        "account_id": person.account_id,
        "now": world.people.now,
        **as_ids(operation.arguments, world.ids),
    }
    if not operation.is_in_project:
        del offered["project_id"]
    try:
        found = function(**{name: value for name, value in offered.items() if name in takes})
        # What is lazy asks when it is looked at.
        if isinstance(found, Iterator):
            list(found)
        elif isinstance(found, activity_export.Export):
            list(found.parts)
    except NOT_FOUND:
        return 404
    except NotAllowed:
        return 403
    return 200


@pytest.fixture
def people() -> People:
    return People(timezone.now())


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_the_domain(people: People, operation: Operation) -> None:
    for function in operation.functions:
        for turn in everywhere(operation, people):
            assert call(function, operation, turn.person, turn.world) == turn.status, turn.person.name
            if turn.status != 200:
                turn.check()


WITH_PAGES = [
    (operation, face) for operation in OPERATIONS for face in operation.faces if isinstance(face, Page)
]
WITH_REST = [
    (operation, face) for operation in OPERATIONS for face in operation.faces if isinstance(face, Rest)
]


def name_of_face(value: object) -> str:
    match value:
        case Operation():
            return value.name
        case Page():
            return f"{value.method} {value.name}"
        case Rest():
            return f"{value.method} {value.path}"
        case int():
            return str(value)
    raise TypeError(value)


@pytest.mark.parametrize(("operation", "page"), WITH_PAGES, ids=name_of_face)
def test_the_pages(people: People, operation: Operation, page: Page) -> None:
    for turn in everywhere(operation, people):
        answer = open_page(turn.person, page, turn.world.ids)
        done = 200 if page.method == "GET" else page.done
        assert answer.status_code == (done if turn.status == 200 else turn.status), (
            turn.person.name,
            body_of(answer)[:2000],
        )
        turn.check(is_reading=page.method == "GET")
        if turn.status == 404:
            refuse_as_unknown(answer, open_page(turn.person, page, unknown(turn.world)), turn.world)


@pytest.mark.parametrize(("operation", "rest"), WITH_REST, ids=name_of_face)
def test_rest(people: People, operation: Operation, rest: Rest) -> None:
    for turn in everywhere(operation, people):
        answer = call_api(turn.person, rest, turn.world.ids)
        # The answers to what is done are 200, 201 and 204.
        got = 200 if 200 <= answer.status_code < 300 else answer.status_code
        assert got == turn.status, (turn.person.name, body_of(answer))
        turn.check(is_reading=rest.method == "GET")
        if turn.status != 200:
            assert answer["Content-Type"] == "application/problem+json"
        if turn.status == 404:
            refuse_as_unknown(answer, call_api(turn.person, rest, unknown(turn.world)), turn.world)


OWN: list[tuple[Page | Rest, int]] = [
    (Page("GET", "organization_api_key_reset"), 404),
    (Page("POST", "organization_api_key_reset"), 404),
    (Page("GET", "organization_api_key_revoke"), 404),
    (Page("POST", "organization_api_key_revoke"), 404),
    (Page("GET", "invitation"), 403),
    (Page("POST", "invitation_accept"), 403),
    (Page("POST", "invitation_decline"), 403),
    (Rest("POST", "/api-keys/{api_key_id}/reset"), 404),
    (Rest("DELETE", "/api-keys/{api_key_id}"), 404),
    (Rest("GET", "/invitations/by-link/{token}"), 403),
    (Rest("POST", "/invitations/by-link/{token}/accept"), 403),
    (Rest("POST", "/invitations/by-link/{token}/decline"), 403),
]


@pytest.mark.parametrize(("face", "status"), OWN, ids=name_of_face)
def test_what_is_another_persons_own_is_nobodys_else(people: People, face: Page | Rest, status: int) -> None:
    """Not even an owner can use a member's key, nor anybody an invitation that is not theirs."""
    world = build(people)
    before = tenancy_rows()
    for person in people.standing.values():
        answer = use(person, face, world.ids)
        assert answer.status_code == status, (person.name, body_of(answer))
        if status == 404:
            refuse_as_unknown(answer, use(person, face, unknown(world)), world)
    assert tenancy_rows() == before


@pytest.mark.parametrize(("face", "status"), OWN, ids=name_of_face)
def test_a_stranger_learns_no_name_from_what_is_not_theirs(
    people: People, face: Page | Rest, status: int
) -> None:
    answer = use(people.standing[STRANGER], face, build(people).ids)
    assert answer.status_code == status
    assert not [name for name in people.names if name in body_of(answer)]


def use(person: Person, face: Page | Rest, ids: dict[str, str]) -> Any:
    return call_api(person, face, ids) if isinstance(face, Rest) else open_page(person, face, ids)


def open_page(person: Person, page: Page, ids: dict[str, str]) -> Any:
    path = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", pages()[page.name]).format(**ids)
    if page.method == "GET" and page.values:
        return person.browser.get(path, filled(page.values, ids))
    return person.page(page.method, path, filled(page.values, ids))


def call_api(person: Person, rest: Rest, ids: dict[str, str]) -> Any:
    return person.api(rest.method, rest.path.format(**ids), filled(rest.body, ids))


def unknown(world: World) -> dict[str, str]:
    """Ids of nothing; people stay who they are."""
    ids = {name: str(uuid4()) for name in ("organization_id", "project_id", "invitation_id", "api_key_id")}
    return world.ids | ids


def refuse_as_unknown(answer: Any, to_unknown: Any, world: World) -> None:
    """Hold that a stranger reads the same as for an id that was never given, and no name."""
    assert to_unknown.status_code == 404
    assert without_fleeting(answer.content) == without_fleeting(to_unknown.content)
    assert dict(answer.headers).keys() == dict(to_unknown.headers).keys()
    for name in world.people.names:
        assert name.encode() not in answer.content, name


def body_of(answer: Any) -> str:
    if isinstance(answer, StreamingHttpResponse):
        return ""
    body: str = answer.content.decode()
    return body


def pages() -> dict[str, str]:
    """Find the pages within organizations: their patterns, by name."""
    prefixes = ("organizations/", "projects/", "invitations/", "api-keys/")
    return {
        name: pattern for name, pattern in walk(get_resolver().url_patterns) if pattern.startswith(prefixes)
    }


def walk(patterns: Sequence[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, path)
        else:
            yield str(pattern.name), path


def test_every_page_is_in_the_matrix() -> None:
    covered = {page.name for _, page in WITH_PAGES}
    assert set(pages()) == covered | (NOT_BY_PLACE.keys() & pages().keys())


def test_every_endpoint_is_in_the_matrix() -> None:
    described = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, item in api.get_openapi_schema()["paths"].items()
        for method in item
    }
    elsewhere = ("/account", "/deletions")
    inside = {each for each in described if not each.split(" ", 1)[1].startswith(elsewhere)}
    covered = {f"{rest.method} {rest.path.partition('?')[0]}" for _, rest in WITH_REST}
    assert inside == covered | (NOT_BY_PLACE.keys() & inside)


def test_every_function_that_asks_who_it_is_is_in_the_matrix() -> None:
    asking = {
        function
        for package in PACKAGES
        for name, function in inspect.getmembers(package, inspect.isfunction)
        if function.__module__ == package.__name__
        and not name.startswith("_")
        and "account_id" in inspect.signature(function).parameters
    }
    covered = {function for operation in OPERATIONS for function in operation.functions}
    assert asking == covered | FUNCTIONS_NOT_BY_PLACE


def test_every_permission_but_those_of_clusters_is_asked() -> None:
    assert {operation.permission for operation in OPERATIONS} == set(Permission) - {
        Permission.MANAGE_CLUSTERS
    }
