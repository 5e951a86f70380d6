"""Who may do what, by the table: every place, every operation, over the domain, REST and pages (Rule O1)."""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import StreamingHttpResponse
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from adieu.api.v1.service import api
from adieu.clusters.facts import ClusterAway
from adieu.clusters.queries import ClusterNotFound
from adieu.tenancy import (
    activity_export,
)
from adieu.tenancy.offers import InvitationNotFound
from adieu.tenancy.permissions import (
    TABLE,
    NotAllowed,
    OrganizationNotFound,
    Permission,
    Place,
    ProjectNotFound,
)
from tests.support.operations_table import (
    FUNCTIONS_NOT_BY_PLACE,
    NOT_BY_PLACE,
    OPERATIONS,
    PACKAGES,
    Operation,
    Page,
    Rest,
)
from tests.support.standings import (
    STRANGER,
    People,
    Person,
    World,
    build,
    tenancy_rows,
    without_fleeting,
)
from tests.support.visitors import problem

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

NOT_FOUND = (OrganizationNotFound, ProjectNotFound, InvitationNotFound, ClusterNotFound)
THINGS = ("organization_id", "project_id", "cluster_id", "suspended_id", "invitation_id", "api_key_id")


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
    world = build(people, has_clusters=operation.has_clusters)
    before = tenancy_rows()
    for place in sorted(PLACES, key=lambda place: -expected(operation, place)):
        yield Turn(people.standing[place], world, expected(operation, place), before)
        if tenancy_rows() != before:
            world = build(people, has_clusters=operation.has_clusters)
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
    except ClusterAway:
        assert operation.is_in_cluster
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
        turn.check(is_reading=page.method == "GET" or operation.is_in_cluster)
        if turn.status == 404:
            refuse_as_unknown(answer, open_page(turn.person, page, unknown(turn.world)), turn.world)


@pytest.mark.parametrize(("operation", "rest"), WITH_REST, ids=name_of_face)
def test_rest(people: People, operation: Operation, rest: Rest) -> None:
    for turn in everywhere(operation, people):
        answer = call_api(turn.person, rest, turn.world.ids)
        # The answers to what is done are 200, 201 and 204.
        is_let_in = 200 <= answer.status_code < 300 or (operation.is_in_cluster and is_away(answer))
        got = 200 if is_let_in else answer.status_code
        assert got == turn.status, (turn.person.name, body_of(answer))
        turn.check(is_reading=rest.method == "GET" or operation.is_in_cluster)
        if turn.status != 200:
            assert answer["Content-Type"] == "application/problem+json"
        if turn.status == 404:
            refuse_as_unknown(answer, call_api(turn.person, rest, unknown(turn.world)), turn.world)


def is_away(answer: Any) -> bool:
    """Tell whether somebody was let in to a cluster that does not answer."""
    return problem(answer) == (503, "cluster-away")


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
    here = ids | {name: ids[other] for name, other in page.of.items()}
    path = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", pages()[page.name]).format(**here)
    if page.method == "GET" and page.values:
        return person.browser.get(path, filled(page.values, ids))
    return person.page(page.method, path, filled(page.values, ids))


def call_api(person: Person, rest: Rest, ids: dict[str, str]) -> Any:
    return person.api(rest.method, rest.path.format(**ids), filled(rest.body, ids))


def unknown(world: World) -> dict[str, str]:
    """Ids of nothing; people stay who they are."""
    ids = {name: str(uuid4()) for name in THINGS}
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
    prefixes = ("organizations/", "projects/", "clusters/", "invitations/", "api-keys/")
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
    covered = {
        f"{rest.method} {rest.path.partition('?')[0].replace('suspended_id', 'cluster_id')}"
        for _, rest in WITH_REST
    }
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


def test_every_permission_is_asked() -> None:
    assert {operation.permission for operation in OPERATIONS} == set(Permission)
