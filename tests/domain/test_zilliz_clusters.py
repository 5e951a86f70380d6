"""`/v2/clusters`: each route's fields, its pages and its refusals."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from adieu.clusters.doors import DoorShut
from adieu.clusters.models import Cluster, State
from adieu.clusters.queries import who_may_use
from adieu.kit.setting_values import Ports
from adieu.tenancy import api_keys
from adieu.tenancy.models import ApiKey
from tests.support.visitors import Visitor, admit, default_project, enter, found, place
from tests.support.zilliz_calls import Zilliz, code_of, with_key

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])
FIELDS: dict[str, Any] = {
    "clusterName": "Birds",
    "description": "",
    "regionId": "adieu-self-hosted",
    "plan": "Standard",
    "cuType": "Performance-optimized",
    "cuSize": 1,
    "status": "CREATING",
    "connectAddress": "http://127.0.0.1:19530",
    "privateLinkAddress": "",
    "storageSize": 0,
    "snapshotNumber": 0,
    "createProgress": 0,
}
WAYS = ("createFree", "createServerless", "createDedicated")


@pytest.fixture
def alice() -> Visitor:
    return enter("alice")


@pytest.fixture
def school(alice: Visitor) -> UUID:
    return found(alice)


@pytest.fixture
def zilliz(alice: Visitor, school: UUID) -> Zilliz:
    return with_key(alice.account_id, school)


@pytest.fixture
def project(zilliz: Zilliz) -> str:
    return str(zilliz.gets("GET", "/projects")[0]["projectId"])


def create(zilliz: Zilliz, project: str, name: str = "Birds", *, way: str = "createFree") -> dict[str, Any]:
    body = {"clusterName": name, "projectId": project, "regionId": "gcp-us-west1"}
    made: dict[str, Any] = zilliz.gets("POST", f"/clusters/{way}", body)
    return made


def running(made: dict[str, Any]) -> str:
    """Let it run, as far as its row says, and give its path."""
    start = made["clusterId"].removeprefix("in01-")
    [row] = [each for each in Cluster.objects.all() if each.id.hex.startswith(start)]
    Cluster.objects.filter(id=row.id).update(state=State.RUNNING, started_at=timezone.now())
    return f"/clusters/{made['clusterId']}"


@pytest.mark.parametrize("way", WAYS)
def test_one_is_created_and_shown_with_its_fields(zilliz: Zilliz, project: str, way: str) -> None:
    made = create(zilliz, project, way=way)
    assert made.keys() == {"clusterId", "username", "password", "prompt"}
    assert re.fullmatch(r"in01-[0-9a-f]{15}", made["clusterId"])
    assert made["username"] == made["clusterId"].replace("in01-", "db_")
    shown = zilliz.gets("GET", f"/clusters/{made['clusterId']}")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown.pop("createTime"))
    assert shown == {**FIELDS, "clusterId": made["clusterId"], "projectId": project}


def test_its_password_is_a_new_key_of_the_caller_that_opens_it(zilliz: Zilliz, project: str) -> None:
    made = create(zilliz, project)
    [cluster] = Cluster.objects.all()
    now = timezone.now()
    opened = who_may_use(cluster.id, made["password"], now=now)
    assert opened == who_may_use(cluster.id, f"{made['username']}:{made['password']}", now=now)
    assert opened.account_id == cluster.creator_id
    assert Zilliz(made["password"]).gets("GET", "/clusters")["count"] == 1
    with pytest.raises(DoorShut):
        who_may_use(cluster.id, f"{made['password']}:", now=now)


def test_its_key_runs_out_with_the_key_that_called(alice: Visitor, school: UUID, project: str) -> None:
    ends = timezone.now() + timedelta(days=3)
    short = with_key(alice.account_id, school, expires_at=ends)
    create(short, project)
    assert ApiKey.objects.get(name__startswith="Birds ").expires_at == ends


def test_its_key_goes_when_it_is_dropped_so_that_keys_do_not_run_out(
    zilliz: Zilliz, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MOST_KEYS", 2)
    for _ in range(3):
        made = create(zilliz, project)
        assert zilliz.gets("POST", f"/clusters/{made['clusterId']}/drop")["clusterId"] == made["clusterId"]
        assert code_of(Zilliz(made["password"]).call("GET", "/clusters")) == 21119
    assert ApiKey.objects.count() == 1


def test_without_room_for_a_key_no_cluster_is_made(
    zilliz: Zilliz, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MOST_KEYS", 1)
    body = {"clusterName": "Birds", "projectId": project}
    assert zilliz.refused("POST", "/clusters/createFree", body) == 70007
    assert not Cluster.objects.exists()


def test_a_second_one_of_the_same_name_is_40013(zilliz: Zilliz, project: str) -> None:
    create(zilliz, project)
    body = {"clusterName": " Birds ", "projectId": project}
    for way in WAYS:
        assert zilliz.refused("POST", f"/clusters/{way}", body) == 40013
    assert (Cluster.objects.count(), ApiKey.objects.count()) == (1, 2)


def test_a_name_that_is_not_fit_is_96010(zilliz: Zilliz, project: str) -> None:
    for name in ("", " ", "x" * 33, "a\u200bb", "a\nb", "\u202e"):
        body = {"clusterName": name, "projectId": project}
        assert zilliz.refused("POST", "/clusters/createFree", body) == 96010, name


def test_any_other_name_is_kept(zilliz: Zilliz, project: str) -> None:
    for name in ("Vögel", "鳥", "طيور", "🐦", "'; --", "x" * 32):
        made = create(zilliz, project, name)
        assert zilliz.gets("GET", f"/clusters/{made['clusterId']}")["clusterName"] == name


def test_limits_have_codes(zilliz: Zilliz, project: str) -> None:
    body = {"clusterName": "Birds", "projectId": project}
    few = settings.ADIEU
    with override_settings(ADIEU=replace(few, clusters_per_project=0)):
        assert zilliz.refused("POST", "/clusters/createFree", body) == 70005
    with override_settings(ADIEU=replace(few, cluster_ports=Ports(19530, 19530))):
        create(zilliz, project, "Apes")
        assert zilliz.refused("POST", "/clusters/createFree", body) == 70006


def test_a_dedicated_one_has_the_size_there_is(zilliz: Zilliz, project: str) -> None:
    body = {
        "clusterName": "Birds",
        "projectId": project,
        "plan": "Enterprise",
        "cuType": "Capacity-optimized",
    }
    assert zilliz.refused("POST", "/clusters/createDedicated", {**body, "cuSize": 0}) == 96002
    assert zilliz.refused("POST", "/clusters/createDedicated", {**body, "cuSize": 2}) == 96023
    assert zilliz.refused("POST", "/clusters/createDedicated", {**body, "cuSize": "x"}) == 80000
    zilliz.gets("POST", "/clusters/createDedicated", {**body, "cuSize": 1})


def test_it_is_suspended_and_resumed(zilliz: Zilliz, project: str) -> None:
    made = create(zilliz, project)
    path = f"/clusters/{made['clusterId']}"
    assert zilliz.refused("POST", f"{path}/suspend") == 70004
    running(made)
    assert zilliz.gets("GET", path)["createProgress"] == 100
    answered = zilliz.gets("POST", f"{path}/suspend")
    assert answered.keys() == {"clusterId", "prompt"}
    assert answered["clusterId"] == made["clusterId"]
    assert zilliz.gets("GET", path)["status"] == "SUSPENDING"
    assert zilliz.refused("POST", f"{path}/resume") == 70004
    Cluster.objects.update(state=State.SUSPENDED, suspended_at=timezone.now())
    assert zilliz.gets("GET", path)["status"] == "SUSPENDED"
    # As some clients do it: with an empty object for a body.
    assert zilliz.gets("POST", f"{path}/resume", {})["clusterId"] == made["clusterId"]
    assert zilliz.gets("GET", path)["status"] == "RESUMING"


def test_modifying_it_changes_nothing_and_says_so(zilliz: Zilliz, project: str) -> None:
    path = running(create(zilliz, project))
    before = zilliz.gets("GET", path)
    assert zilliz.gets("POST", f"{path}/modify", {"cuSize": 1}).keys() == {"clusterId", "prompt"}
    assert zilliz.refused("POST", f"{path}/modify", {"cuSize": 2}) == 96023
    assert zilliz.refused("POST", f"{path}/modify", {"cuSize": -1}) == 96002
    assert zilliz.refused("POST", f"{path}/modify", {"replica": 2}) == 96023
    assert zilliz.gets("GET", path) == before


@pytest.mark.parametrize("method", ["DELETE", "POST"])
def test_it_is_dropped(zilliz: Zilliz, project: str, method: str) -> None:
    path = running(create(zilliz, project))
    zilliz.gets(method, f"{path}/drop")
    assert zilliz.gets("GET", path)["status"] == "DELETING"
    zilliz.gets(method, f"{path}/drop")
    Cluster.objects.all().delete()
    for call in (("GET", path), (method, f"{path}/drop"), ("POST", f"{path}/suspend")):
        assert zilliz.refused(*call) == 96018


def test_the_list_has_pages(zilliz: Zilliz, project: str) -> None:
    for name in ("Birds", "Apes", "Cats"):
        create(zilliz, project, name)
    listed = zilliz.gets("GET", "/clusters")
    assert {name: listed[name] for name in ("count", "currentPage", "pageSize")} == {
        "count": 3,
        "currentPage": 1,
        "pageSize": 10,
    }
    assert [each["clusterName"] for each in listed["clusters"]] == ["Birds", "Apes", "Cats"]
    first = listed["clusters"][0]
    assert first == zilliz.gets("GET", f"/clusters/{first['clusterId']}")
    second = zilliz.gets("GET", "/clusters?pageSize=2&currentPage=2")
    assert [each["clusterName"] for each in second.pop("clusters")] == ["Cats"]
    assert second == {"count": 3, "currentPage": 2, "pageSize": 2}
    beyond = zilliz.gets("GET", "/clusters?pageSize=100&currentPage=2147483647")
    assert (beyond["clusters"], beyond["count"]) == ([], 3)


NO_NUMBERS = ["0", "-1", "", "x", "1.5", "1e1", " 1", "٣", "0x1", "9" * 5000]


def test_a_page_that_is_none_has_codes_of_its_own(zilliz: Zilliz) -> None:
    for number in (*NO_NUMBERS, "101"):
        assert zilliz.refused("GET", f"/clusters?pageSize={number}") == 96008, number
    for number in (*NO_NUMBERS, "2147483648"):
        assert zilliz.refused("GET", f"/clusters?currentPage={number}") == 96009, number


def test_only_what_the_owner_of_the_key_may_see_is_listed(
    zilliz: Zilliz, project: str, alice: Visitor, school: UUID
) -> None:
    create(zilliz, project)
    bob = enter("bob")
    admit(school, bob)
    his = with_key(bob.account_id, school)
    assert (his.gets("GET", "/clusters")["count"], his.gets("GET", "/projects")) == (0, [])
    place(default_project(school, alice), alice, bob)
    assert his.gets("GET", "/clusters")["count"] == 1
    elsewhere = with_key(alice.account_id, found(alice, "Office"))
    [hidden] = zilliz.gets("GET", "/clusters")["clusters"]
    assert elsewhere.gets("GET", "/clusters")["count"] == 0
    assert elsewhere.refused("GET", f"/clusters/{hidden['clusterId']}") == 96018
    assert elsewhere.refused("DELETE", f"/clusters/{hidden['clusterId']}/drop") == 96018
