"""The sample on a real Milvus server, through the gateway (Rule K1)."""

from collections.abc import Iterator

import grpc
import pytest

from adieu.clusters.data import look_into
from adieu.clusters.reaching import Conversation
from adieu.clusters.sample import loading, searching
from adieu.clusters.sample.foods import FOODS
from adieu.clusters.sample.marking import COLLECTION
from tests.support.clusters import KEY, wait_until
from tests.support.gateways import ServerCluster, running_on
from tests.support.real_milvus import real_milvus

# No database of Adieu takes part.
pytestmark = [pytest.mark.long, pytest.mark.only_on("sqlite")]


@pytest.fixture
def birds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerCluster]:
    with (
        real_milvus(tmp_path_factory.mktemp("milvus")) as server,
        running_on(server, tmp_path_factory.mktemp("birds")) as running,
    ):
        yield running


def test_it_is_loaded_searched_and_removed(birds: ServerCluster) -> None:
    crisps = next(food for food in FOODS if food.name == "Crisps")
    with grpc.insecure_channel(f"127.0.0.1:{birds.place.port}") as channel:

        def cluster() -> Conversation:
            return Conversation(channel, KEY, seconds=loading.SECONDS)

        loading.put_into(cluster())
        loading.put_into(cluster())
        found = searching.find(cluster(), like=crisps, kind="")
        assert [each.name for each in found][:2] == ["Popcorn", "Salted peanuts"]
        assert found[0].distance == pytest.approx(0.09)
        # A row may be searched before it is counted.
        wait_until(lambda: look_into(cluster()).collections[0].rows == len(FOODS))
        assert look_into(cluster()).collections[0].name == COLLECTION
        loading.take_out_of(cluster())
        loading.take_out_of(cluster())
        assert look_into(cluster()).total == 0
