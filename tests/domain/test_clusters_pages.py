"""Clusters, as pages (Rules K1 to K4)."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from adieu.clusters import operations
from adieu.clusters.models import Cluster, Failure, State
from adieu.kit.setting_values import Ports
from adieu.tenancy.models import ApiKey
from tests.support.visitors import Visitor, admit, enter, found, place, start_project

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def alice() -> Visitor:
    return enter("alice")


@pytest.fixture
def school(alice: Visitor) -> UUID:
    return found(alice)


@pytest.fixture
def recipes(alice: Visitor, school: UUID) -> UUID:
    return start_project(school, alice)


@pytest.fixture
def birds(alice: Visitor, recipes: UUID) -> str:
    """A cluster that runs, as far as its row says: its page."""
    now = timezone.now()
    cluster_id = operations.create(project_id=recipes, account_id=alice.account_id, name="Birds", now=now)
    Cluster.objects.update(state=State.RUNNING, started_at=now)
    return f"/clusters/{cluster_id}/"


def put(state: State, **more: Any) -> None:
    now = timezone.now()
    moments = {
        State.SUSPENDED: "suspended_at",
        State.FAILED: "failed_at",
        State.DELETING: "deleting_since_at",
    }
    at = {moments[state]: now} if state in moments else {}
    Cluster.objects.update(state=state, started_at=now if state != State.CREATING else None, **at, **more)


def test_one_is_created_in_a_project(alice: Visitor, recipes: UUID) -> None:
    assert "No cluster yet" in alice.shown(f"/projects/{recipes}/clusters/")
    answer = alice.post(f"/projects/{recipes}/clusters/create/", name=" Bees ")
    cluster = Cluster.objects.get(name="Bees")
    assert answer["Location"] == f"/clusters/{cluster.id}/"
    shown = alice.shown(answer["Location"])
    assert 'hx-trigger="every 2s"' in shown
    assert "Reload this page" in shown


def test_what_is_not_fit_is_said_beside_the_field(alice: Visitor, recipes: UUID, birds: str) -> None:
    for name, said in {
        "": "A cluster needs a name.",
        "x" * 33: "at most 32 characters",
        "a\u200bb": "no control or invisible characters",
        "Birds": "has a cluster of that name already",
    }.items():
        answer = alice.post(f"/projects/{recipes}/clusters/create/", name=name)
        assert answer.status_code == 422
        assert said in answer.content.decode()


@pytest.mark.parametrize("state", State)
def test_every_state_says_what_is_and_what_can_be_done(alice: Visitor, birds: str, state: State) -> None:
    put(
        state, **({"failure": Failure.ENDED, "failure_reason": "It was killed."} if state == "failed" else {})
    )
    shown = alice.shown(birds)
    under_way = state in {State.CREATING, State.SUSPENDING, State.RESUMING, State.DELETING}
    assert ("hx-get" in shown) == under_way
    offered = {
        verb
        for verb in ("Suspend cluster", "Resume cluster", "Try again</button>", "Delete cluster")
        if verb in shown
    }
    expected = {
        State.RUNNING: {"Suspend cluster"},
        State.SUSPENDED: {"Resume cluster"},
        State.FAILED: {"Try again</button>"},
    }
    # Of one that goes there is nothing left to use.
    is_there = state != State.DELETING
    assert offered == expected.get(state, set()) | ({"Delete cluster"} if is_there else set())
    assert ("Create API key" in shown, "Copy snippet" in shown) == (is_there, is_there)
    assert str(state.label) in shown
    if state == State.FAILED:
        assert "It ended by itself again and again." in shown
        assert "It was killed." in shown


def test_the_part_that_changes_is_asked_for_alone(alice: Visitor, birds: str) -> None:
    part = alice.browser.get(birds, headers=FRAGMENT)
    assert "HX-Request" in part["Vary"]
    assert b"<html" not in part.content
    assert b"Running" in part.content
    Cluster.objects.all().delete()
    gone = alice.browser.get(birds, headers=FRAGMENT)
    # htmx asks no more.
    assert (gone.status_code, b"The cluster is gone." in gone.content) == (286, True)
    assert alice.get(birds).status_code == 404


def test_orders_are_given_by_buttons(alice: Visitor, birds: str) -> None:
    assert alice.get(f"{birds}suspend/").status_code == 405
    alice.post(f"{birds}suspend/")
    assert Cluster.objects.get().state == State.SUSPENDING
    alice.post(f"{birds}resume/")
    assert "doing something else at the moment" in alice.shown(birds)
    put(State.SUSPENDED)
    alice.post(f"{birds}resume/")
    assert Cluster.objects.get().state == State.RESUMING


def test_a_key_is_made_in_place_and_shown_once(alice: Visitor, birds: str) -> None:
    answer = alice.post(f"{birds}api-key/", name="Birds", ends="30")
    shown = answer.content.decode()
    [key] = set(re.findall(r"adieu_[\w-]{43}", shown))
    assert f"token=&quot;{key}&quot;" in shown
    assert "no-store" in answer["Cache-Control"]
    assert ApiKey.objects.get().member.account_id == alice.account_id
    assert key not in alice.shown(birds)
    again = alice.post(f"{birds}api-key/", name="Birds", ends="30")
    assert (again.status_code, ApiKey.objects.count()) == (422, 1)
    assert "an API key of that name" in again.content.decode()


def test_it_is_deleted_by_typing_its_name(alice: Visitor, recipes: UUID, birds: str) -> None:
    assert "This cannot be undone." in alice.shown(f"{birds}delete/")
    assert alice.post(f"{birds}delete/", name="Bird").status_code == 422
    assert Cluster.objects.get().state == State.RUNNING
    assert alice.post(f"{birds}delete/", name="Birds")["Location"] == f"/projects/{recipes}/clusters/"
    assert Cluster.objects.get().state == State.DELETING
    assert "Deleting" in alice.shown(f"/projects/{recipes}/clusters/")


def test_whoever_came_from_the_way_out_goes_back_there(alice: Visitor, recipes: UUID, birds: str) -> None:
    back = "/account/deletion/"
    listed = alice.shown(f"/projects/{recipes}/clusters/", next=back)
    assert f"{birds}delete/?next={back}" in listed
    assert alice.post(f"{birds}delete/", name="Birds", next=back)["Location"] == back


def test_whoever_has_several_to_delete_comes_back_to_the_list(
    alice: Visitor, recipes: UUID, birds: str
) -> None:
    operations.create(project_id=recipes, account_id=alice.account_id, name="Bees", now=timezone.now())
    page, back = f"/projects/{recipes}/clusters/", "/account/deletion/"
    listed = unquote(unquote(alice.shown(page, next=back)))
    assert f"{birds}delete/?next={page}?next={back}" in listed
    assert "Birds</bdi></a></p>" not in alice.shown(f"{birds}delete/", next=back)
    Cluster.objects.filter(name="Bees").update(state=State.DELETING, deleting_since_at=timezone.now())
    assert f"{birds}delete/?next={back}" in alice.shown(page, next=back)


def test_whoever_deletes_an_organization_is_led_to_its_clusters(
    alice: Visitor, school: UUID, recipes: UUID, birds: str
) -> None:
    page = f"/organizations/{school}/delete/"
    shown = unquote(unquote(alice.shown(page, next="/account/deletion/")))
    assert f"/projects/{recipes}/clusters/?next={page}?next=/account/deletion/" in shown
    assert "Name of the organization" not in shown
    put(State.DELETING)
    assert "Name of the organization" in alice.shown(page)


def test_a_member_of_the_project_is_offered_no_orders(
    alice: Visitor, school: UUID, recipes: UUID, birds: str
) -> None:
    bob = enter("bob")
    admit(school, bob)
    assert "Birds" not in bob.shown(f"/organizations/{school}/clusters/")
    place(recipes, alice, bob)
    assert "Birds" in bob.shown(f"/organizations/{school}/clusters/")
    shown = bob.shown(birds)
    assert "Create API key" in shown
    assert "Suspend cluster" not in shown
    assert "Delete cluster" not in shown
    assert "Create cluster" not in bob.shown(f"/projects/{recipes}/clusters/")


def test_memory_and_disk_are_shown_in_units(alice: Visitor, birds: str) -> None:
    Cluster.objects.update(
        memory_bytes=134_000_000, disk_bytes=2_500_000_000, measured_at=timezone.now() - timedelta(seconds=9)
    )
    shown = alice.shown(birds)
    assert "134\N{NO-BREAK SPACE}MB" in shown
    assert "2.5\N{NO-BREAK SPACE}GB" in shown
    # What it took when it was measured last, it takes no more.
    put(State.FAILED, failure=Failure.ENDED)
    shown = alice.shown(birds)
    assert "Memory" not in shown
    assert "2.5\N{NO-BREAK SPACE}GB" in shown


def test_from_where_one_can_connect_is_said(alice: Visitor, birds: str) -> None:
    assert "from the machine that runs this console" in alice.shown(birds)
    with override_settings(ADIEU=replace(settings.ADIEU, cluster_bind="192.0.2.1")):
        assert "from the machine" not in alice.shown(birds)


def test_a_database_is_chosen_where_there_is_a_choice(alice: Visitor, recipes: UUID) -> None:
    page = f"/projects/{recipes}/clusters/create/"
    assert 'name="engine"' not in alice.shown(page)
    with override_settings(ADIEU=replace(settings.ADIEU, milvus_uri="http://milvus:19530")):
        assert 'value="milvus-server"' in alice.shown(page)
        alice.post(page, name="Bees", engine="milvus-server")
        alice.post(page, name="Birds")
    assert dict(Cluster.objects.values_list("name", "engine")) == {
        "Bees": "milvus-server",
        "Birds": "milvus-lite",
    }


def test_one_that_runs_says_what_is_wrong_all_the_same(alice: Visitor, birds: str) -> None:
    Cluster.objects.update(
        engine="milvus-server", memory_bytes=100, measured_at=timezone.now(), trouble="The server is away."
    )
    page = alice.shown(birds)
    assert "The server is away." in page
    assert "Memory of its gateway" in page
    assert "On disk" not in page
    put(State.FAILED, failure=Failure.ENDED, failure_reason="It was killed.")
    assert "The server is away." not in alice.shown(birds)


def test_what_keeps_one_from_being_destroyed_is_said(alice: Visitor, birds: str) -> None:
    put(
        State.DELETING,
        failure=Failure.UNABLE_TO_DESTROY,
        failure_reason="The Milvus server does not answer.",
    )
    page = alice.shown(birds)
    assert "The Milvus server does not answer." in page
    assert "in nobody" in page


def test_a_limit_that_is_reached_is_said_on_the_page(alice: Visitor, recipes: UUID, birds: str) -> None:
    for limit, said in (
        ({"clusters_per_project": 1}, "This project has as many clusters as it may have."),
        ({"cluster_ports": Ports(19530, 19530)}, "This console runs as many clusters as it has ports for."),
    ):
        with override_settings(ADIEU=replace(settings.ADIEU, **limit)):
            answer = alice.post(f"/projects/{recipes}/clusters/create/", name="Bees")
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert Cluster.objects.count() == 1
