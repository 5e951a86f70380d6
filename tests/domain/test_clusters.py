"""What people order of clusters, and who may (Rules K2, K3, K4, O4, O5)."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import IntegrityError, connection
from django.test import override_settings

from adieu.accounts.models import TermsAgreement
from adieu.accounts.terms import agree
from adieu.activities.models import Activity
from adieu.clusters import operations, queries
from adieu.clusters.doors import Caller, DoorShut
from adieu.clusters.engines.process.asking import Asking
from adieu.clusters.models import Cluster, EngineKind, Failure, State
from adieu.clusters.queries import ClusterNotFound
from adieu.kit.setting_values import Ports
from adieu.tenancy import api_keys, projects
from adieu.tenancy.members import remove_member
from adieu.tenancy.models import ApiKey, Role
from adieu.tenancy.permissions import NotAllowed, ProjectNotFound
from tests.support.cast import LONG_AGO, make_account
from tests.support.rooms import make_organization, make_project, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture
def alice(now: datetime) -> UUID:
    return enter(now)


@pytest.fixture
def bob(now: datetime) -> UUID:
    return enter(now)


def enter(now: datetime) -> UUID:
    account_id = make_account()
    agree(account_id=account_id, now=now)
    return account_id


@pytest.fixture
def office(alice: UUID, bob: UUID, now: datetime) -> UUID:
    organization_id = make_organization(alice, now)
    put_into(organization_id, bob, now)
    return organization_id


@pytest.fixture
def atlas(office: UUID, alice: UUID, now: datetime) -> UUID:
    return make_project(office, alice, now)


def create(project_id: UUID, account_id: UUID, now: datetime, name: str = "Birds") -> UUID:
    return operations.create(project_id=project_id, account_id=account_id, name=name, now=now)


def put(cluster_id: UUID, state: State, now: datetime) -> None:
    """Bring a cluster into a state, as the runner would."""
    moments: dict[State, dict[str, Any]] = {
        State.SUSPENDED: {"suspended_at": now},
        State.FAILED: {"failed_at": now, "failure": Failure.ENDED},
        State.DELETING: {"deleting_since_at": now},
    }
    started = None if state == State.CREATING else now
    Cluster.objects.filter(id=cluster_id).update(state=state, started_at=started, **moments.get(state, {}))


def limited(**limits: Any) -> override_settings:
    """Let the settings have other limits."""
    return override_settings(ADIEU=replace(settings.ADIEU, **limits))


def test_its_address_says_how_and_under_which_name_it_is_reached(
    atlas: UUID, alice: UUID, now: datetime
) -> None:
    # Rule K1
    cluster_id, file = create(atlas, alice, now), Path("certificate.pem")

    def address() -> str:
        return queries.cluster(cluster_id=cluster_id, account_id=alice).address

    assert address() == "http://127.0.0.1:19530"
    with limited(cluster_certificate=file):
        assert address() == "https://127.0.0.1:19530"
    with limited(cluster_certificate=file, cluster_bind="::1"):
        assert address() == "https://[::1]:19530"
    with limited(cluster_certificate=file, cluster_domain="vectors.example.org"):
        assert address() == f"https://{cluster_id}.vectors.example.org:19530"


def test_one_is_created(atlas: UUID, alice: UUID, now: datetime) -> None:
    cluster_id = create(atlas, alice, now, "  Birds ")
    [found] = queries.clusters_of(project_id=atlas, account_id=alice)
    assert (found.id, found.name, found.state, found.creator_id) == (cluster_id, "Birds", "creating", alice)
    assert found.address == "http://127.0.0.1:19530"
    assert found.is_under_way
    assert queries.cluster(cluster_id=cluster_id, account_id=alice) == found
    recorded = Activity.objects.get(kind="cluster.created")
    assert (recorded.actor_id, recorded.subject_id, recorded.subject_name) == (
        alice,
        str(cluster_id),
        "Birds",
    )


@pytest.mark.parametrize("name", ["", " ", "x" * 33, "a\u200bb"])
def test_a_name_has_1_to_32_characters_that_can_be_seen(
    atlas: UUID, alice: UUID, now: datetime, name: str
) -> None:
    with pytest.raises(operations.ClusterNameNotAllowed, match="1 to 32"):
        create(atlas, alice, now, name)


def test_a_name_is_there_once_in_a_project(office: UUID, atlas: UUID, alice: UUID, now: datetime) -> None:
    first = create(atlas, alice, now, "x" * 32)
    with pytest.raises(operations.ClusterNameTaken):
        create(atlas, alice, now, "x" * 32)
    create(make_project(office, alice, now, name="Maps"), alice, now, "x" * 32)
    # Once its end is ordered, the name is free.
    operations.delete(cluster_id=first, account_id=alice, typed_name="x" * 32, now=now)
    assert create(atlas, alice, now, "x" * 32) != first


def test_a_project_holds_so_many(atlas: UUID, alice: UUID, now: datetime) -> None:
    with limited(clusters_per_project=2):
        for name in ("one", "two"):
            create(atlas, alice, now, name)
        with pytest.raises(operations.TooManyClusters):
            create(atlas, alice, now, "three")


def test_each_has_a_port_and_the_last_port_is_the_last_cluster(
    atlas: UUID, alice: UUID, now: datetime
) -> None:
    with limited(cluster_ports=Ports(5001, 5003)):
        made = [create(atlas, alice, now, str(number)) for number in range(3)]
        with pytest.raises(operations.NoPortFree):
            create(atlas, alice, now, "one more")
        Cluster.objects.filter(id=made[1]).delete()
        create(atlas, alice, now, "one more")
    assert set(Cluster.objects.values_list("port", flat=True)) == {5001, 5002, 5003}


def test_a_member_of_the_project_sees_it_and_a_stranger_does_not(
    office: UUID, atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    cluster_id = create(atlas, alice, now)
    for look in (
        lambda: queries.cluster(cluster_id=cluster_id, account_id=bob),
        lambda: operations.suspend(cluster_id=cluster_id, account_id=bob, now=now),
        lambda: queries.cluster(cluster_id=uuid4(), account_id=alice),
    ):
        with pytest.raises(ClusterNotFound):
            look()
    with pytest.raises(ProjectNotFound):
        create(atlas, bob, now, "Bees")
    assert queries.clusters_within(organization_id=office, account_id=bob) == []
    projects.add_member(project_id=atlas, account_id=alice, member_id=bob, role=Role.MEMBER, now=now)
    assert [found.id for found in queries.clusters_within(organization_id=office, account_id=bob)] == [
        cluster_id
    ]
    assert not queries.may_manage(cluster_id=cluster_id, account_id=bob)
    assert queries.may_manage(cluster_id=cluster_id, account_id=alice)
    with pytest.raises(NotAllowed):
        operations.delete(cluster_id=cluster_id, account_id=bob, typed_name="Birds", now=now)


def suspend(cluster_id: UUID, account_id: UUID, now: datetime) -> None:
    operations.suspend(cluster_id=cluster_id, account_id=account_id, now=now)


def resume(cluster_id: UUID, account_id: UUID, now: datetime) -> None:
    operations.resume(cluster_id=cluster_id, account_id=account_id, now=now)


def delete(cluster_id: UUID, account_id: UUID, now: datetime) -> None:
    operations.delete(cluster_id=cluster_id, account_id=account_id, typed_name="Birds", now=now)


S = State
REFUSED = operations.WrongState
# What becomes of each order in each state: the next state, or a refusal.
ORDERS: dict[Callable[[UUID, UUID, datetime], None], dict[State, State | type[Exception]]] = {
    suspend: {
        S.CREATING: REFUSED,
        S.RUNNING: S.SUSPENDING,
        S.SUSPENDING: S.SUSPENDING,
        S.SUSPENDED: S.SUSPENDED,
        S.RESUMING: REFUSED,
        S.DELETING: REFUSED,
        S.FAILED: REFUSED,
    },
    resume: {
        S.CREATING: S.CREATING,
        S.RUNNING: S.RUNNING,
        S.SUSPENDING: REFUSED,
        S.SUSPENDED: S.RESUMING,
        S.RESUMING: S.RESUMING,
        S.DELETING: REFUSED,
        S.FAILED: S.RESUMING,
    },
    delete: dict.fromkeys(State, S.DELETING),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("state", State)
def test_every_order_in_every_state(
    atlas: UUID, alice: UUID, now: datetime, order: Any, state: State
) -> None:
    cluster_id = create(atlas, alice, now)
    put(cluster_id, state, now)
    expected = ORDERS[order][state]
    records = Activity.objects.count()
    if isinstance(expected, State):
        order(cluster_id, alice, now + timedelta(hours=1))
        assert Cluster.objects.get().state == expected
        # Only what changes something is written down.
        assert Activity.objects.count() - records == (expected != state)
    else:
        with pytest.raises(expected):
            order(cluster_id, alice, now)
        assert Cluster.objects.get().state == state


def test_one_that_never_ran_is_created_again(atlas: UUID, alice: UUID, now: datetime) -> None:
    cluster_id = create(atlas, alice, now)
    put(cluster_id, State.FAILED, now)
    Cluster.objects.update(started_at=None)
    resume(cluster_id, alice, now)
    assert Cluster.objects.get().state == State.CREATING


def test_deleting_takes_its_name(atlas: UUID, alice: UUID, now: datetime) -> None:
    cluster_id = create(atlas, alice, now)
    with pytest.raises(operations.ClusterNameDoesNotMatch):
        operations.delete(cluster_id=cluster_id, account_id=alice, typed_name="birds", now=now)
    operations.delete(cluster_id=cluster_id, account_id=alice, typed_name=" Birds ", now=now)
    assert Cluster.objects.get().deleting_since_at == now
    assert Activity.objects.filter(kind="cluster.deleted", level="warning").count() == 1


IMPOSSIBLE: list[dict[str, object]] = [
    {"state": "sleeping"},
    {"state": State.RUNNING},
    {"state": State.CREATING, "started_at": LONG_AGO},
    {"state": State.SUSPENDED, "started_at": LONG_AGO},
    {"state": State.FAILED, "failure": Failure.ENDED},
    {"state": State.FAILED, "failed_at": LONG_AGO},
    {"state": State.DELETING},
    {"deleting_since_at": LONG_AGO},
    {"failure": Failure.ENDED},
    {"name": ""},
    {"project": None},
    {"engine": "abacus"},
    {"memory_bytes": 1},
]


@pytest.mark.parametrize("wrong", IMPOSSIBLE, ids=str)
def test_the_database_refuses_what_cannot_be(
    atlas: UUID, alice: UUID, now: datetime, wrong: dict[str, Any]
) -> None:
    create(atlas, alice, now)
    with pytest.raises(IntegrityError):
        Cluster.objects.update(**wrong)


# --- Who may use one ---


def key_of(account_id: UUID, organization_id: UUID, now: datetime) -> api_keys.NewKey:
    return api_keys.create(
        account_id=account_id, organization_id=organization_id, name="CI", expires_at=None, now=now
    )


def reason(cluster_id: UUID, token: str, now: datetime) -> str:
    with pytest.raises(DoorShut) as shut:
        queries.who_may_use(cluster_id, token, now=now)
    return shut.value.reason


def test_a_key_opens_what_its_owner_may_use(
    office: UUID, atlas: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    cluster_id = create(atlas, alice, now)
    key, of_bob = key_of(alice, office, now), key_of(bob, office, now)
    assert queries.who_may_use(cluster_id, key.secret, now=now) == Caller(alice, key.id)
    assert reason(cluster_id, of_bob.secret, now) == queries.NOT_YOURS
    projects.add_member(project_id=atlas, account_id=alice, member_id=bob, role=Role.MEMBER, now=now)
    assert queries.who_may_use(cluster_id, of_bob.secret, now=now) == Caller(bob, of_bob.id)
    remove_member(organization_id=office, account_id=alice, member_id=bob, now=now)
    assert reason(cluster_id, of_bob.secret, now) == queries.NOT_A_KEY


@pytest.mark.only_on("sqlite")
def test_a_long_write_of_somebody_else_keeps_nobody_waiting_at_the_door(
    office: UUID, atlas: UUID, alice: UUID, now: datetime
) -> None:
    # Rule K1: whoever is inside is cut off when no answer comes for three quarters of a second.
    cluster_id = create(atlas, alice, now)
    key, asking = key_of(alice, office, now), Asking(cluster_id)
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        asked_at = time.monotonic()
        assert asking.who_may_use(key.secret) == Caller(alice, key.id)
        assert time.monotonic() - asked_at < 0.75
    assert ApiKey.objects.get(id=key.id).last_used_at is None
    asking.who_may_use(key.secret)
    assert ApiKey.objects.get(id=key.id).last_used_at is not None
    asking.rest()


def test_a_key_works_in_its_organization_only(office: UUID, atlas: UUID, alice: UUID, now: datetime) -> None:
    cluster_id = create(atlas, alice, now)
    elsewhere = key_of(alice, make_organization(alice, now, name="Annex"), now)
    assert reason(cluster_id, elsewhere.secret, now) == queries.NOT_YOURS
    assert reason(uuid4(), key_of(alice, office, now).secret, now) == queries.NOT_YOURS


def test_what_is_no_key_is_told_so(atlas: UUID, alice: UUID, now: datetime) -> None:
    cluster_id = create(atlas, alice, now)
    assert reason(cluster_id, "", now) == queries.NO_KEY
    assert reason(cluster_id, "root:Milvus", now) == queries.NOT_A_KEY


def test_a_key_waits_for_its_owner_to_agree_to_the_terms(
    office: UUID, atlas: UUID, alice: UUID, now: datetime
) -> None:
    cluster_id, key = create(atlas, alice, now), key_of(alice, office, now)
    TermsAgreement.objects.all().delete()
    assert reason(cluster_id, key.secret, now) == queries.TERMS_CHANGED


def test_one_on_a_milvus_server_is_created_only_where_there_is_one(
    atlas: UUID, alice: UUID, now: datetime
) -> None:
    def create_there(name: str) -> UUID:
        return operations.create(
            project_id=atlas, account_id=alice, name=name, engine=EngineKind.MILVUS_SERVER, now=now
        )

    for uri in (None, "gone"):
        with (
            override_settings(ADIEU=replace(settings.ADIEU, milvus_uri=uri)),
            pytest.raises(operations.EngineNotOffered),
        ):
            create_there("Bees")
    with override_settings(ADIEU=replace(settings.ADIEU, milvus_uri="http://milvus:19530")):
        shown = queries.cluster(cluster_id=create_there("Bees"), account_id=alice)
    assert shown.engine is EngineKind.MILVUS_SERVER
    create(atlas, alice, now, "Birds")
    assert Cluster.objects.get(name="Birds").engine == EngineKind.MILVUS_LITE
