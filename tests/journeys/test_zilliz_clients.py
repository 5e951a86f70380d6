"""Zilliz Cloud's clients, unmodified, at a console that is served: its MCP server's tools, and pymilvus."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import cluster_owner, vectors
from tests.support.houses import wait_until
from tests.support.malformed import send_raw
from tests.support.served import Served
from tests.support.zilliz import Assistant, ToolFailed, assistant

SECONDS = 60
NAME = "Bees"
ACT = """
client.create_collection("first", dimension=2)
client.insert("first", [{"id": 1, "vector": [0.1, 0.2]}])
print(client.search("first", data=[[0.1, 0.2]], limit=1)[0][0]["id"])
"""


@dataclass(frozen=True)
class Alice:
    """Somebody with a key, and an assistant that has it."""

    served: Served
    has: dict[str, Any]
    assistant: Assistant

    def asks(self, method: str, path: str, body: object = None) -> Any:
        """Call by hand what her assistant's tools do not show whole, or have no tool for."""
        request = urllib.request.Request(
            f"{self.served.url}/v2{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.has['key']}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)

    def project(self) -> str:
        """Give the project that her cluster is in."""
        projects = self.assistant.does("list_projects")
        return next(str(each["project_id"]) for each in projects if each["instance_count"])

    def until_it_is(self, status: str, cluster_id: str) -> dict[str, Any]:
        """Wait, as its tools tell."""
        found: dict[str, Any] = {}

        def is_so() -> bool:
            found.update(self.assistant.does("describe_cluster", cluster_id=cluster_id))
            return bool(found["status"] == status)

        until(is_so, f"it is {status}")
        return found


@pytest.fixture(scope="module")
def alice(served: Served) -> Iterator[Alice]:
    has = cluster_owner.prepare(served.settings, "alice.assists@example.org")
    with assistant(served.url, has["key"]) as hers:
        person = Alice(served, has, hers)
        yield person
        for cluster in person.asks("GET", "/clusters")["data"]["clusters"]:
            person.asks("DELETE", f"/clusters/{cluster['clusterId']}/drop")


def until(holds: Callable[[], bool], what: str) -> None:
    wait_until(holds, what, seconds=SECONDS)


def test_an_assistant_creates_uses_suspends_and_resumes_a_cluster(alice: Alice) -> None:
    does = alice.assistant.does
    project = alice.project()
    made = does("create_free_cluster", cluster_name=NAME, project_id=project)
    with pytest.raises(ToolFailed, match="has a cluster of that name already"):
        does("create_free_cluster", cluster_name=NAME, project_id=project)
    listed = {each["cluster_name"]: each for each in does("list_clusters")}
    assert listed[NAME]["cluster_id"] == made["cluster_id"]
    assert listed[NAME]["project_id"] == project

    running = alice.until_it_is("RUNNING", made["cluster_id"])
    assert running["create_progress"] == 100
    assert vectors.client(running["connect_address"], alice.has["key"], ACT).strip() == "1"

    assert does("suspend_cluster", cluster_id=made["cluster_id"])["cluster_id"] == made["cluster_id"]
    alice.until_it_is("SUSPENDED", made["cluster_id"])
    does("resume_cluster", cluster_id=made["cluster_id"])
    alice.until_it_is("RUNNING", made["cluster_id"])


def test_an_assistant_reads_and_writes_the_data_of_a_cluster(alice: Alice) -> None:
    does = alice.assistant.does
    [birds] = [each for each in does("list_clusters") if each["cluster_name"] == "Birds"]
    found = alice.until_it_is("RUNNING", birds["cluster_id"])
    where = {
        "cluster_id": birds["cluster_id"],
        "region_id": found["region_id"],
        "endpoint": found["connect_address"],
    }
    named = {**where, "collection_name": "songs"}
    assert does("list_databases", **where) == ["default"]
    does("create_collection", **named, dimension=2, metric_type="L2", auto_id=False)
    assert does("list_collections", **where) == ["songs"]
    described = does("describe_collection", **named)["data"]
    assert described["collectionName"] == "songs"
    assert [field["name"] for field in described["fields"]] == ["id", "vector"]

    rows = [{"id": each, "vector": [each, 1], "word": f"w{each}"} for each in range(5)]
    assert does("insert_entities", **named, data=rows)["data"]["insertCount"] == 5
    asked = {**named, "anns_field": "vector", "data": [[0, 1]], "limit": 2, "output_fields": ["word"]}
    nearest = does("search", **asked, filter="id > 0")["data"]
    assert [(row["id"], row["word"], row["distance"]) for row in nearest] == [(1, "w1", 1), (2, "w2", 4)]
    assert [row["id"] for row in does("query", **named, filter="id >= 0", limit=2, offset=2)["data"]] == [
        2,
        3,
    ]
    parts = [{"data": [[each, 1]], "annsField": "vector", "limit": 3} for each in (0, 1)]
    ranked = does(
        "hybrid_search",
        **named,
        search_requests=parts,
        rerank_strategy="rrf",
        rerank_params={"k": 10},
        limit=2,
    )["data"]
    assert {row["id"] for row in ranked} == {0, 1}
    assert does("delete_entities", **named, filter="id < 2")["code"] == 0
    assert [row["id"] for row in does("query", **named, filter="id >= 0")["data"]] == [2, 3, 4]
    with pytest.raises(ToolFailed, match="does not exist"):
        does("describe_collection", **{**named, "collection_name": "silence"})


@pytest.mark.long
def test_the_password_of_a_new_cluster_opens_it(alice: Alice) -> None:
    body = {"clusterName": "Wasps", "projectId": alice.project(), "regionId": "gcp-us-west1"}
    made = alice.asks("POST", "/clusters/createServerless", body)["data"]
    running = alice.until_it_is("RUNNING", made["clusterId"])
    address = running["connect_address"]
    assert vectors.client(address, made["password"], ACT).strip() == "1"
    named = f"{made['username']}:{made['password']}"
    assert vectors.client(address, named, "print(client.list_collections())").strip() == "['first']"
    assert "was never made" in vectors.client(address, f"{made['password']}:x", "")
    alice.asks("POST", f"/clusters/{made['clusterId']}/drop")
    assert "was never made" in vectors.client(alice.has["address"], made["password"], "")


def test_what_is_not_here_is_said_to_the_assistant_in_words(alice: Alice) -> None:
    does = alice.assistant.does
    [cluster] = [each for each in does("list_clusters") if each["cluster_name"] == "Birds"]
    with pytest.raises(ToolFailed, match="neither metrics nor alerts"):
        does("query_cluster_metrics", cluster_id=cluster["cluster_id"], period="PT1H", metric_queries=[])
    with pytest.raises(ToolFailed, match="There is no such cluster"):
        does("describe_cluster", cluster_id="in01-0123456789abcde")
    with pytest.raises(ToolFailed, match="There is no such project"):
        does("create_free_cluster", cluster_name="Ants", project_id="proj-x")
    with pytest.raises(ToolFailed, match="pageSize is a number from 1 to 100"):
        does("list_clusters", page_size=101)


HOSTILE = {
    "half a body": ("POST /v2/projects", b'Content-Length: 50\r\n\r\n{"projectName": "Ma', 80000),
    "too much": ("POST /v2/projects", b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000, 70015),
    "a line break": ("GET /v2/%0a", b"\r\n", 70002),
    "NUL": ("GET /v2/projects/%00", b"\r\n", 96005),
    "no UTF-8": ("GET /v2/clusters/%ff%fe", b"\r\n", 96018),
    "a long path": (f"GET /v2/{'x' * 7000}", b"\r\n", 70002),
    "a method that is none": ("BREW /v2/projects", b"\r\n", 70003),
    "a climb": ("GET /v2/../../v2/..%2fetc", b"\r\n", 70002),
    "a foreign host": ("GET /v2/projects", b"Host: other.example.org\r\n\r\n", 80000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_client_sends_is_answered_in_the_envelope(alice: Alice, name: str) -> None:
    line, rest, code = HOSTILE[name]
    host = b"" if b"Host:" in rest else f"Host: {alice.served.url.partition('//')[2]}\r\n".encode()
    head = f"{line} HTTP/1.1\r\nAuthorization: Bearer {alice.has['key']}\r\nConnection: close\r\n".encode()
    answer = send_raw(alice.served.url, head + host + rest, is_all=name == "half a body")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == code
    assert alice.asks("GET", "/clouds")["code"] == 0


@pytest.mark.long
def test_a_wrong_key_is_refused(served: Served) -> None:
    with assistant(served.url, "adieu_" + "x" * 43) as nobodys, pytest.raises(ToolFailed, match="401"):
        nobodys.does("list_projects")
