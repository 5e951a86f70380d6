"""`/v2/clouds`, `/v2/regions` and `/v2/projects`: each route's fields and refusals."""

import re
from uuid import UUID

import pytest
from django.conf import settings

from adieu.tenancy import projects
from adieu.tenancy.models import Project
from tests.support.visitors import Visitor, default_project, enter, found
from tests.support.zilliz_calls import Zilliz, with_key

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def alice() -> Visitor:
    return enter("alice")


@pytest.fixture
def school(alice: Visitor) -> UUID:
    return found(alice)


@pytest.fixture
def zilliz(alice: Visitor, school: UUID) -> Zilliz:
    return with_key(alice.account_id, school)


def test_there_is_one_cloud_with_one_region(zilliz: Zilliz) -> None:
    [cloud] = zilliz.gets("GET", "/clouds")
    assert cloud == {"cloudId": "adieu", "description": "Adieu, self-hosted"}
    region = {
        "cloudId": "adieu",
        "regionId": "adieu-self-hosted",
        "apiBaseUrl": settings.ADIEU.base_url,
    }
    assert zilliz.gets("GET", "/regions") == zilliz.gets("GET", "/regions?cloudId=adieu") == [region]
    assert zilliz.refused("GET", "/regions?cloudId=aws") == 96000


def test_projects_are_listed_with_their_fields(zilliz: Zilliz) -> None:
    [only] = zilliz.gets("GET", "/projects")
    assert re.fullmatch(r"proj-[0-9a-f]{22}", only.pop("projectId"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", only.pop("createTime"))
    assert only == {"projectName": "Default Project", "instanceCount": 0, "plan": "Standard"}


def test_one_is_created_shown_and_deleted(zilliz: Zilliz) -> None:
    made = zilliz.gets("POST", "/projects", {"projectName": " Recipes ", "plan": "Enterprise"})
    assert made.keys() == {"projectId"}
    path = f"/projects/{made['projectId']}"
    shown = zilliz.gets("GET", path)
    assert (shown["projectName"], shown["instanceCount"]) == ("Recipes", 0)
    assert zilliz.gets("GET", "/projects")[1] == shown
    cluster = {"clusterName": "Birds", "projectId": made["projectId"]}
    cluster_id = zilliz.gets("POST", "/clusters/createFree", cluster)["clusterId"]
    assert zilliz.gets("GET", path)["instanceCount"] == 1
    assert [each["instanceCount"] for each in zilliz.gets("GET", "/projects")] == [0, 1]
    assert zilliz.refused("DELETE", path) == 70013
    zilliz.gets("DELETE", f"/clusters/{cluster_id}/drop")
    assert zilliz.gets("GET", path)["instanceCount"] == 0
    assert zilliz.gets("DELETE", path) == "ok"
    assert zilliz.refused("GET", path) == zilliz.refused("DELETE", path) == 96005


def test_what_cannot_be_created_says_why(
    zilliz: Zilliz, alice: Visitor, school: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert zilliz.refused("POST", "/projects", {"projectName": "Default Project"}) == 70010
    assert zilliz.refused("POST", "/projects", {"projectName": ""}) == 70009
    assert zilliz.refused("POST", "/projects", {"projectName": "x" * 65}) == 70009
    assert zilliz.refused("POST", "/projects", {"projectName": "x" * 5000}) == 80000
    monkeypatch.setattr(projects, "MOST_PROJECTS", 1)
    assert zilliz.refused("POST", "/projects", {"projectName": "Recipes"}) == 70011
    assert Project.objects.filter(organization_id=school).count() == 1


def test_the_default_project_stays(zilliz: Zilliz) -> None:
    [only] = zilliz.gets("GET", "/projects")
    assert zilliz.refused("DELETE", f"/projects/{only['projectId']}") == 70012


def test_another_organization_of_the_same_account_is_out_of_reach(zilliz: Zilliz, alice: Visitor) -> None:
    office = found(alice, "Office")
    hidden = f"/projects/proj-{default_project(office, alice).hex[:22]}"
    assert zilliz.refused("GET", hidden) == zilliz.refused("DELETE", hidden) == 96005
    assert with_key(alice.account_id, office).gets("GET", hidden)["projectName"] == "Default Project"


def test_two_that_begin_alike_are_neither_of_them(zilliz: Zilliz, school: UUID, alice: Visitor) -> None:
    first, second = (
        Project.objects.create(
            id=UUID(f"12345678-9abc-4def-8123-456789abcde{digit}"),
            organization_id=school,
            name=f"Twin {digit}",
            created_at=Project.objects.earliest("created_at").created_at,
        )
        for digit in (0, 1)
    )
    path = "/projects/proj-123456789abc4def812345"
    assert zilliz.refused("GET", path) == zilliz.refused("DELETE", path) == 96005
    second.delete()
    assert zilliz.gets("GET", path)["projectName"] == first.name
