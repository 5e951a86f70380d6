"""A console with a real Milvus server, from creating a cluster on it to deleting it (Rules D7, K1, K2)."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from pymilvus import MilvusClient

from adieu.clusters.engines.milvus_server.server import Server
from tests.support import cluster_owner, vectors
from tests.support.houses import wait_until
from tests.support.installations import installation
from tests.support.real_milvus import real_milvus
from tests.support.served import Served, serve

pytestmark = pytest.mark.long
SECONDS = 300
INSERT = """
client.create_collection("first", dimension=4)
client.insert("first", [{"id": 1, "vector": [0.1, 0.2, 0.3, 0.4]}])
print(client.query("first", filter="id == 1", output_fields=["id"], consistency_level="Strong")[0]["id"])
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with real_milvus(tmp_path_factory.mktemp("milvus")) as running:
        yield running


def settings_of(server: Server) -> dict[str, str]:
    return {"ADIEU_MILVUS_URI": server.uri, "ADIEU_MILVUS_TOKEN": server.token}


class Alice:
    """Somebody with a project and an API key."""

    def __init__(self, served: Served) -> None:
        self._url = served.url
        self.has: dict[str, Any] = cluster_owner.prepare(served.settings)

    def asks(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.has['key']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{self._url}/api/v1{path}", data, headers, method=method)) as answer:
            said = answer.read()
        return json.loads(said) if said else None

    def creates(self) -> str:
        wish = {"name": "Bees", "engine": "milvus-server"}
        return str(self.asks("POST", f"/projects/{self.has['project']}/clusters", wish)["id"])

    def waits_until(self, cluster: str, state: str) -> dict[str, Any]:
        shown: dict[str, Any] = {}

        def is_there() -> bool:
            shown.update(self.asks("GET", f"/clusters/{cluster}"))
            assert shown["state"] == state or shown["state"] != "failed", shown
            return bool(shown["state"] == state)

        wait_until(is_there, f"it is {state}", seconds=60)
        return shown

    def waits_until_gone(self, cluster: str) -> None:
        def is_gone() -> bool:
            try:
                self.asks("GET", f"/clusters/{cluster}")
            except HTTPError as refused:
                return refused.code == 404
            return False

        wait_until(is_gone, "it is gone", seconds=60)


def test_one_is_created_used_suspended_resumed_and_deleted(server: Server, tmp_path: Path) -> None:
    # Rules K1, K2
    with serve(tmp_path, **settings_of(server)) as served:
        alice = Alice(served)
        cluster = alice.creates()
        shown = alice.waits_until(cluster, "running")
        assert (shown["engine"], shown["disk_bytes"], shown["trouble"]) == ("milvus-server", None, "")
        assert vectors.client(shown["address"], alice.has["key"], INSERT).strip() == "1"
        alice.asks("PUT", f"/clusters/{cluster}/sample")
        found = alice.asks("GET", f"/clusters/{cluster}/collections")
        assert {each["name"] for each in found["items"]} == {"first", "sample_foods"}
        alice.asks("POST", f"/clusters/{cluster}/suspend")
        alice.waits_until(cluster, "suspended")
        alice.asks("POST", f"/clusters/{cluster}/resume")
        alice.waits_until(cluster, "running")
        read = 'print(client.query("first", filter="id == 1")[0]["id"])'
        assert vectors.client(shown["address"], alice.has["key"], read).strip() == "1"
        assert server.token.partition(":")[2] not in served.log
        alice.asks("DELETE", f"/clusters/{cluster}", {"name": "Bees"})
        alice.waits_until_gone(cluster)
        assert not (served.data_dir / "clusters" / cluster).exists()
    root = MilvusClient(uri=server.uri, token=server.token)
    left = [*root.list_databases(), *root.list_users(), *root.list_roles()]
    assert not [name for name in left if name.startswith("adieu_")]
    root.close()


def test_open_calls_end_within_a_second_of_the_commit(
    server: Server, tmp_path: Path, record_property: Any
) -> None:
    # Rule D7
    with installation(tmp_path) as given:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("ADIEU_")}
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.revoking", str(tmp_path)],
            env={**environ, **given, **settings_of(server)},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    tries = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(tries) == 5
    assert {each["code"] for each in tries} == {"CANCELLED"}
    slowest = max(each["seconds"] for each in tries)
    record_property(
        "milvus-server: open call ended after the commit that shut the door, slowest of 5", slowest
    )
    assert slowest < 1
