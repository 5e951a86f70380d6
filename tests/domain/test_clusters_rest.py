"""`/api/v1/projects/{id}/clusters` and `/api/v1/clusters…`: the same operations, as JSON."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from adieu.clusters.models import Cluster, Failure, State
from adieu.kit.setting_values import Ports
from adieu.tenancy import api_keys
from tests.support.visitors import Visitor, admit, enter, found, place, problem, start_project, walk_through

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def alice() -> Visitor:
    return enter("alice")


@pytest.fixture
def school(alice: Visitor) -> UUID:
    return found(alice)


@pytest.fixture
def clusters(alice: Visitor, school: UUID) -> str:
    return f"/projects/{start_project(school, alice)}/clusters"


def create(alice: Visitor, clusters: str, name: str = "Birds") -> dict[str, Any]:
    answer = alice.api("POST", clusters, {"name": name})
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def run(cluster: dict[str, Any]) -> str:
    """Let it run, as far as its row says, and give its path."""
    Cluster.objects.filter(id=cluster["id"]).update(state=State.RUNNING, started_at=timezone.now())
    return f"/clusters/{cluster['id']}"


def test_one_is_created_and_shown(alice: Visitor, clusters: str, school: UUID) -> None:
    cluster = create(alice, clusters, " Birds ")
    assert alice.api("GET", f"/clusters/{cluster['id']}").json() == cluster
    assert {name: cluster[name] for name in ("name", "state", "engine", "organization_id")} == {
        "name": "Birds",
        "state": "creating",
        "engine": "milvus-lite",
        "organization_id": str(school),
    }
    assert cluster["address"] == "http://127.0.0.1:19530"
    assert (cluster["failure"], cluster["started_at"], cluster["memory_bytes"]) == (None, None, None)


def test_the_list_has_pages(alice: Visitor, clusters: str) -> None:
    for name in ("Birds", "Apes", "Cats"):
        create(alice, clusters, name)
    assert [item["name"] for item in walk_through(alice, clusters)] == ["Apes", "Birds", "Cats"]
    other = alice.browser.get(f"/api/v1{clusters}", {"cursor": "x"})
    assert problem(other) == (422, "cursor-not-known")


def test_those_of_an_organization_are_listed_as_far_as_one_may_see_them(
    alice: Visitor, school: UUID, clusters: str
) -> None:
    atlas = start_project(school, alice, "Atlas")
    for name, project in {"Cats": clusters, "Apes": f"/projects/{atlas}/clusters", "Birds": clusters}.items():
        create(alice, project, name)
    path = f"/organizations/{school}/clusters"
    assert [item["name"] for item in walk_through(alice, path)] == ["Apes", "Birds", "Cats"]
    bob = enter("bob")
    assert problem(bob.api("GET", path)) == (404, "organization-not-found")
    admit(school, bob)
    assert walk_through(bob, path) == []
    place(atlas, alice, bob)
    assert [item["name"] for item in walk_through(bob, path)] == ["Apes"]


def test_it_is_suspended_resumed_and_deleted(alice: Visitor, clusters: str) -> None:
    path = run(create(alice, clusters))
    answer = alice.api("POST", f"{path}/suspend")
    assert (answer.status_code, answer.json()["state"]) == (202, "suspending")
    assert problem(alice.api("POST", f"{path}/resume")) == (409, "wrong-state")
    Cluster.objects.update(state=State.SUSPENDED, suspended_at=timezone.now())
    answer = alice.api("POST", f"{path}/resume")
    assert (answer.status_code, answer.json()["state"]) == (202, "resuming")
    assert problem(alice.api("DELETE", path, {"name": "birds"})) == (422, "cluster-name-does-not-match")
    assert alice.api("DELETE", path, {"name": "Birds"}).status_code == 202
    assert alice.api("GET", path).json()["state"] == "deleting"
    Cluster.objects.all().delete()
    assert problem(alice.api("GET", path)) == (404, "cluster-not-found")


def test_it_says_why_it_failed(alice: Visitor, clusters: str) -> None:
    cluster = create(alice, clusters)
    Cluster.objects.update(
        state=State.FAILED,
        failed_at=timezone.now(),
        failure=Failure.ENDED,
        failure_reason="Another program on this machine uses its port.",
    )
    shown = alice.api("GET", f"/clusters/{cluster['id']}").json()
    assert (shown["state"], shown["failure"]) == ("failed", "ended")
    assert "its port" in shown["failure_reason"]


def test_refusals_have_names(alice: Visitor, clusters: str) -> None:
    create(alice, clusters)
    refused = {"Birds": (409, "cluster-name-taken"), "x" * 33: (422, "cluster-name-not-allowed")}
    for name, why in refused.items():
        assert problem(alice.api("POST", clusters, {"name": name})) == why
    with override_settings(ADIEU=replace(settings.ADIEU, clusters_per_project=1)):
        assert problem(alice.api("POST", clusters, {"name": "Bees"})) == (409, "too-many-clusters")
    with override_settings(ADIEU=replace(settings.ADIEU, cluster_ports=Ports(19530, 19530))):
        assert problem(alice.api("POST", clusters, {"name": "Bees"})) == (409, "no-port-free")
    assert problem(alice.api("GET", f"/clusters/{uuid4()}")) == (404, "cluster-not-found")


def test_the_database_of_a_new_one_is_chosen_where_there_is_a_choice(alice: Visitor, clusters: str) -> None:
    wish = {"name": "Bees", "engine": "milvus-server"}
    assert problem(alice.api("POST", clusters, wish)) == (409, "engine-not-offered")
    with override_settings(ADIEU=replace(settings.ADIEU, milvus_uri="http://milvus:19530")):
        assert alice.api("POST", clusters, wish).json()["engine"] == "milvus-server"
        assert alice.api("POST", clusters, {"name": "Birds"}).json()["engine"] == "milvus-lite"
        assert alice.api("POST", clusters, {**wish, "engine": "oracle"}).status_code == 422


def test_an_api_key_reaches_the_clusters_of_its_organization_only(
    alice: Visitor, clusters: str, school: UUID
) -> None:
    cluster = create(alice, clusters)
    for organization_id, status in ((school, 200), (found(alice, "Annex"), 404)):
        made = api_keys.create(
            account_id=alice.account_id,
            organization_id=organization_id,
            name="CI",
            expires_at=None,
            now=timezone.now(),
        )
        headers = {"Authorization": f"Bearer {made.secret}"}
        answer = alice.browser.get(f"/api/v1/clusters/{cluster['id']}", headers=headers)
        assert answer.status_code == status


def test_a_member_of_the_project_sees_it_and_orders_nothing(
    alice: Visitor, clusters: str, school: UUID
) -> None:
    bob = enter("bob")
    admit(school, bob)
    path = run(create(alice, clusters))
    assert bob.api("GET", path).status_code == 404
    place(UUID(clusters.split("/")[2]), alice, bob)
    assert bob.api("GET", path).status_code == 200
    assert problem(bob.api("POST", f"{path}/suspend")) == (403, "not-allowed")
