"""What the console shows of the data in a cluster, and the sample that it loads (Rule K1)."""

import base64
import threading
import traceback
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from pymilvus import MilvusClient

from adieu.clusters import data, operations
from adieu.clusters.data import Contents
from adieu.clusters.facts import ClusterAway, ClusterNotRunning, SampleHasMore, SampleNameTaken
from adieu.clusters.models import Cluster, State
from adieu.clusters.reaching import conversation
from adieu.clusters.sample import loading, searching
from adieu.clusters.sample.foods import FEATURES, FOODS, KINDS
from adieu.clusters.sample.marking import COLLECTION, Standing
from adieu.core import passes
from adieu.tenancy import api_keys
from tests.support import at_hand
from tests.support.at_hand import AtHand, Countable
from tests.support.clusters import free_port
from tests.support.visitors import Visitor, admit, enter, found, place, problem, start_project

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Countable]:
    opened = Countable(tmp_path_factory.mktemp("cluster") / "data")
    yield opened
    opened.close()


class Room:
    """Alice, signed in, with a cluster."""

    def __init__(self) -> None:
        self.alice = enter("alice")
        self.school = found(self.alice)
        self.project = start_project(self.school, self.alice)
        self.cluster_id = operations.create(
            project_id=self.project, account_id=self.alice.account_id, name="Birds", now=timezone.now()
        )
        self.page = f"/clusters/{self.cluster_id}/"
        self.api = f"/clusters/{self.cluster_id}"

    @property
    def asked(self) -> dict[str, Any]:
        """What every function here is asked with."""
        return {
            "cluster_id": self.cluster_id,
            "account_id": self.alice.account_id,
            "now": timezone.now(),
        }

    def look(self) -> Contents:
        """Look into it."""
        return data.contents(**self.asked)


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def birds(room: Room, database: Countable) -> Iterator[AtHand]:
    with at_hand.answering(database, room.cluster_id) as answering:
        yield answering


@pytest.fixture
def client(room: Room, birds: AtHand) -> Iterator[MilvusClient]:
    """What Alice has herself, with a key of her own."""
    key = api_keys.create(
        account_id=room.alice.account_id,
        organization_id=room.school,
        name="CI",
        expires_at=None,
        now=timezone.now(),
    )
    client = MilvusClient(uri=f"http://127.0.0.1:{birds.port}", token=key.secret)
    yield client
    client.close()


# --- The sample itself ---


def test_every_food_has_its_numbers() -> None:
    assert len(FOODS) == 36
    assert len({food.name for food in FOODS}) == 36
    assert [food.id for food in FOODS] == list(range(1, 37))
    for food in FOODS:
        assert len(food.vector) == len(FEATURES)
        assert all(0 <= number <= 1 for number in food.vector)
        assert food.taste, f"{food.name} tastes of nothing"
    # Else a search within a kind would find nothing.
    assert all(sum(food.kind == kind for food in FOODS) > 3 for kind in KINDS)


# --- Looking ---


def test_what_is_in_it_is_listed(room: Room, birds: AtHand, client: MilvusClient) -> None:
    assert room.look() == Contents([], 0, Standing.ABSENT)
    client.create_collection("zebras", dimension=3)
    client.insert("zebras", [{"id": 1, "vector": [0.1, 0.2, 0.3]}, {"id": 2, "vector": [0.4, 0.5, 0.6]}])
    client.create_collection("apes", dimension=4)
    apes, zebras = room.look().collections
    assert (apes.name, apes.rows, apes.dimension) == ("apes", 0, 4)
    assert (zebras.name, zebras.rows, zebras.dimension) == ("zebras", 2, 3)
    assert list(zebras.fields) == ["id", "vector"]


def test_of_many_the_first_are_listed(room: Room, birds: AtHand) -> None:
    for number in range(101):
        birds.add(f"c{number:03}")
    seen = room.look()
    assert [each.name for each in seen.collections][-1] == "c099"
    assert (len(seen.collections), seen.total, seen.more) == (100, 101, 1)
    assert "And 1 more." in room.alice.shown(room.page)
    listed = room.alice.api("GET", f"{room.api}/collections").json()
    assert (len(listed["items"]), listed["total"]) == (100, 101)


def test_one_that_does_not_run_is_not_looked_into(room: Room) -> None:
    for state in set(State) - {State.RUNNING}:
        put(state)
        with pytest.raises(ClusterNotRunning):
            room.look()
        shown = room.alice.shown(room.page)
        # One that goes will not run again.
        assert ("They are shown while the cluster runs." in shown) == (state != State.DELETING)
        assert problem(room.alice.api("GET", f"{room.api}/collections")) == (409, "cluster-not-running")


def put(state: State) -> None:
    now = timezone.now()
    moments: dict[State, dict[str, Any]] = {
        State.SUSPENDED: {"suspended_at": now},
        State.FAILED: {"failed_at": now, "failure": "ended"},
        State.DELETING: {"deleting_since_at": now},
    }
    none = {"suspended_at": None, "failed_at": None, "deleting_since_at": None, "failure": ""}
    started = None if state == State.CREATING else now
    Cluster.objects.update(state=state, started_at=started, **{**none, **moments.get(state, {})})


def test_one_that_is_away_breaks_no_page(room: Room, birds: AtHand) -> None:
    Cluster.objects.update(port=free_port())
    with pytest.raises(ClusterAway):
        room.look()
    shown = room.alice.shown(room.page)
    assert "Its collections cannot be shown now" in shown
    assert "Suspend cluster" in shown
    assert problem(room.alice.api("GET", f"{room.api}/collections")) == (503, "cluster-away")
    for order in ("load", "remove"):
        answer = room.alice.post(f"{room.page}sample/{order}/")
        assert "cannot be reached now" in room.alice.shown(answer["Location"])


def test_one_that_hangs_is_waited_for_a_moment_only(room: Room) -> None:
    with at_hand.silent() as port:
        put(State.RUNNING)
        Cluster.objects.update(port=port)
        began = timezone.now()
        assert "Its collections cannot be shown now" in room.alice.shown(room.page)
        assert timezone.now() - began < timedelta(seconds=2 * data.SECONDS)


def test_what_comes_too_late_is_left_out(room: Room, birds: AtHand) -> None:
    birds.add("apes")
    birds.add("zebras")
    with birds.counting_nothing():
        apes, zebras = room.look().collections
    assert (apes.name, apes.rows, apes.dimension) == ("apes", None, 2)
    # No time was left for it.
    assert (zebras.name, zebras.rows, zebras.dimension) == ("zebras", None, None)


# --- The sample, loaded and removed ---


def test_it_is_loaded_by_one_click_and_removed_by_another(room: Room, birds: AtHand) -> None:
    assert "Load the sample" in room.alice.shown(room.page)
    # Looking changes nothing.
    assert room.alice.get(f"{room.page}sample/load/").status_code == 405
    assert birds.names == []
    answer = room.alice.post(f"{room.page}sample/load/")
    assert answer["Location"] == f"{room.page}#collections"
    assert (birds.names, birds.rows(COLLECTION)) == ([COLLECTION], 36)
    shown = room.alice.shown(room.page)
    assert "Load the sample" not in shown
    assert "Find what is like" in shown
    assert room.alice.get(f"{room.page}sample/remove/").status_code == 405
    assert birds.rows(COLLECTION) == 36
    room.alice.post(f"{room.page}sample/remove/")
    assert birds.names == []
    # A second click, as from an old tab.
    assert room.alice.post(f"{room.page}sample/remove/").status_code == 302


def test_loading_it_again_adds_nothing(room: Room, birds: AtHand) -> None:
    for _ in range(3):
        loading.load(**room.asked)
    assert birds.rows(COLLECTION) == 36


def test_two_who_load_it_at_once_load_it_once(room: Room, birds: AtHand) -> None:
    together, errors = threading.Barrier(3), []

    def load() -> None:
        together.wait()
        try:
            loading.load(**room.asked)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in the other thread
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert birds.rows(COLLECTION) == 36


def test_loading_that_broke_off_is_finished(room: Room, birds: AtHand) -> None:
    with conversation(**room.asked, seconds=5) as cluster:
        cluster.ask("CreateCollection", loading._collection())
    assert birds.rows(COLLECTION) == 0
    loading.load(**room.asked)
    assert birds.rows(COLLECTION) == 36
    assert search(room, "Lemon")[0].name == "Grapefruit"


def test_a_collection_of_somebodys_own_is_left_alone(room: Room, birds: AtHand, client: MilvusClient) -> None:
    client.create_collection(COLLECTION, dimension=8)
    client.insert(COLLECTION, [{"id": 1, "vector": [0.5] * 8}])
    assert room.look().sample == Standing.TAKEN
    for act in (loading.load, loading.remove):
        with pytest.raises(SampleNameTaken):
            act(**room.asked)
    assert birds.rows(COLLECTION) == 1
    shown = room.alice.shown(room.page)
    assert "is a collection that somebody made" in shown
    assert "Load the sample" not in shown
    assert "Find what is like" not in shown
    for method in ("PUT", "DELETE"):
        answer = room.alice.api(method, f"{room.api}/sample")
        assert problem(answer) == (409, "sample-name-taken")


def test_rows_that_somebody_added_keep_it(room: Room, birds: AtHand, client: MilvusClient) -> None:
    loading.load(**room.asked)
    client.insert(COLLECTION, [{"id": 99, "name": "Toast", "kind": "bread", "vector": [0.2] * 8}])
    with pytest.raises(SampleHasMore):
        loading.remove(**room.asked)
    assert birds.rows(COLLECTION) == 37
    answer = room.alice.post(f"{room.page}sample/remove/")
    assert "Somebody has added rows" in room.alice.shown(answer["Location"])


# --- The first search ---


def search(room: Room, name: str, kind: str = "") -> Any:
    like = next(food for food in FOODS if food.name == name)
    return searching.search(**room.asked, like=like, kind=kind)


def test_what_is_alike_is_near(room: Room, birds: AtHand, client: MilvusClient) -> None:
    loading.load(**room.asked)
    nearest = search(room, "Crisps")
    assert [each.name for each in nearest][:2] == ["Popcorn", "Salted peanuts"]
    distances = [each.distance for each in nearest]
    assert distances == sorted(distances)
    # As the page and its Python say: the sum of the squared differences, also once it is in a file.
    assert distances[0] == pytest.approx(0.01 + 0.04 + 0.04)
    client.flush(COLLECTION)
    assert [each.distance for each in search(room, "Crisps")] == pytest.approx(distances)
    assert "Crisps" not in {each.name for each in nearest}
    within = search(room, "Crisps", "vegetable")
    assert {each.kind for each in within} == {"vegetable"}
    assert len(within) == searching.LIMIT


def test_the_page_finds_and_says_how(room: Room, birds: AtHand) -> None:
    loading.load(**room.asked)
    apple = next(food for food in FOODS if food.name == "Apple")
    shown = room.alice.shown(room.page, like=str(apple.id), kind="fruit")
    assert "Most like Apple" in shown
    assert shown.index("Pear") < shown.index("The same in Python")
    assert f"http://127.0.0.1:{birds.port}" in shown


def test_what_is_not_offered_is_not_searched(room: Room, birds: AtHand) -> None:
    loading.load(**room.asked)
    likes, kinds = ["", "0", "99", "x", "1'; DROP", "1" * 5000], ["", '" or id > 0 or kind == "']
    for like, kind in [*product(likes, kinds), ("1", "nothing")]:
        shown = room.alice.shown(room.page, like=like, kind=kind)
        assert "Most like" not in shown, (like, kind)
        assert "Find what is like" in shown


# --- Who may ---


def test_a_member_of_the_project_may_and_a_stranger_may_not(room: Room, birds: AtHand) -> None:
    bob = enter("bob")
    admit(room.school, bob)
    assert faces(bob, room) == {404}
    assert birds.names == []
    place(room.project, room.alice, bob)
    assert faces(bob, room) == {200, 204, 302}
    loading.load(**room.asked)
    assert birds.names == [COLLECTION]


def faces(visitor: Visitor, room: Room) -> set[int]:
    """Try every face there is, and give the answers."""
    return {
        visitor.api("GET", f"{room.api}/collections").status_code,
        visitor.api("PUT", f"{room.api}/sample").status_code,
        visitor.api("DELETE", f"{room.api}/sample").status_code,
        visitor.post(f"{room.page}sample/load/").status_code,
        visitor.post(f"{room.page}sample/remove/").status_code,
    }


def test_over_rest(room: Room, birds: AtHand) -> None:
    assert room.alice.api("PUT", f"{room.api}/sample").status_code == 204
    listed = room.alice.api("GET", f"{room.api}/collections").json()
    assert listed == {
        "items": [
            {"name": COLLECTION, "rows": 36, "dimension": 8, "fields": ["id", "name", "kind", "vector"]}
        ],
        "total": 1,
    }
    assert room.alice.api("DELETE", f"{room.api}/sample").status_code == 204
    assert birds.names == []


def test_an_api_key_of_another_organization_reaches_nothing(room: Room, birds: AtHand) -> None:
    elsewhere = found(room.alice, "Annex")
    made = api_keys.create(
        account_id=room.alice.account_id,
        organization_id=elsewhere,
        name="CI",
        expires_at=None,
        now=timezone.now(),
    )
    headers = {"Authorization": f"Bearer {made.secret}"}
    answer = room.alice.browser.put(f"/api/v1{room.api}/sample", headers=headers)
    assert (answer.status_code, birds.names) == (404, [])


def test_no_pass_is_logged(room: Room, birds: AtHand, caplog: pytest.LogCaptureFixture) -> None:
    as_sent = base64.b64encode(passes.PREFIX.encode())[:-4].decode()
    with caplog.at_level("DEBUG"):
        loading.load(**room.asked)
        Cluster.objects.update(port=free_port())
        with pytest.raises(ClusterAway) as away:
            room.look()
    text = caplog.text + "".join(traceback.format_exception(away.value))
    assert "ClusterAway" in text
    assert passes.PREFIX not in text
    assert as_sent not in text
