"""Who may do what under `/v2`: every place, every route, by the table of permissions (Rule O1)."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from adieu.api.v2.ids import CLUSTER, PROJECT
from adieu.api.v2.service import api
from adieu.tenancy.operations import create_organization
from tests.domain.test_permission_matrix import PLACES, expected, filled
from tests.support.operations_table import OPERATIONS
from tests.support.standings import STRANGER, People, World, build, tenancy_rows
from tests.support.zilliz_calls import Zilliz, code_of, with_key
from tests.support.zilliz_table import NOT_BY_PLACE, ROUTES, Route

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

BY_NAME = {operation.name: operation for operation in OPERATIONS}
READING = ("GET", "modify")


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def client_of(people: People, place: str, world: World) -> Zilliz:
    """Give somebody's client; a stranger's key is of an organization of their own."""
    person, organization = people.standing[place], world.organization
    if place == STRANGER:
        organization = create_organization(account_id=person.account_id, name="Office", now=people.now)
    client = with_key(person.account_id, organization)
    # A key notes its first use, which is no part of what is tried.
    client.gets("GET", "/clouds")
    return client


def ids_of(world: World, *, are_known: bool = True) -> dict[str, str]:
    """Write the ids of a world, or of nothing, as these clients know them."""

    def known(id_: UUID) -> UUID:
        return id_ if are_known else uuid4()

    return {
        "project_id": PROJECT.write(known(world.project)),
        "cluster_id": CLUSTER.write(known(world.cluster)),
        "suspended_id": CLUSTER.write(known(world.suspended)),
    }


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_v2(route: Route) -> None:
    operation = BY_NAME[route.operation]
    people = People(timezone.now())
    is_about_one = "_id}" in f"{route.path} {route.body}"
    for place in PLACES:
        if place == STRANGER and not is_about_one:
            # The key says in which organization it is, and a stranger's says another.
            continue
        world = build(people, has_clusters=operation.has_clusters)
        client = client_of(people, place, world)
        before = tenancy_rows()
        answer = ask(client, route, ids_of(world))
        status = expected(operation, place)
        assert answer.status_code == 200, (place, answer.content)
        got = answer.json()["code"]
        assert got == (0 if status == 200 else route.codes[status]), (place, answer.content)
        is_reading = any(word in name_of(route) for word in READING)
        assert (tenancy_rows() != before) == (status == 200 and not is_reading), place
        if status == 404:
            refuse_as_unknown(answer, ask(client, route, ids_of(world, are_known=False)), people)


def ask(client: Zilliz, route: Route, ids: dict[str, str]) -> Any:
    return client.call(route.method, route.path.format(**ids), filled(route.body, ids))


def refuse_as_unknown(answer: Any, to_unknown: Any, people: People) -> None:
    """Hold that a stranger reads the same as for an id that was never given, and no name."""
    assert code_of(answer)
    assert answer.content == to_unknown.content
    assert answer.headers.keys() == to_unknown.headers.keys()
    assert not [name for name in people.names if name.encode() in answer.content]


def test_every_route_is_in_the_matrix() -> None:
    described = {
        f"{method.upper()} {path.removeprefix('/v2')}"
        for path, item in api.get_openapi_schema()["paths"].items()
        for method in item
        if "{rest}" not in path
    }
    covered = {name_of(route).replace("suspended_id", "cluster_id") for route in ROUTES}
    assert described == covered | NOT_BY_PLACE
