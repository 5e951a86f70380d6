"""Whoever speaks HTTP to a cluster and means no good, or was let in a moment ago (Rules K1, D7)."""

import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psutil
import pytest

from tests.support.clusters import KEY, Cluster, running, wait_until
from tests.support.engine_process import REASON
from tests.support.rest import Rest, by_hand, head, heard

# No database of Adieu takes part.
pytestmark = pytest.mark.only_on("sqlite")
MEGABYTE = 2**20
OTHER = "adieu_" + "b" * 43
LIST = "collections/list"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("hostile")) as cluster:
        Rest(cluster).data("collections/create", {"collectionName": "words", "dimension": 2})
        yield cluster


@pytest.fixture
def cluster(shared: Cluster) -> Iterator[Cluster]:
    shared.let_in(KEY, OTHER)
    yield shared
    # Whatever was sent, others are served.
    shared.let_in(KEY, OTHER)
    assert Rest(shared).data(LIST, {})[0] == "words"


def _row(more: str) -> bytes:
    return b'{"collectionName": "words", "data": [{"id": 1, "vector": [0, 1], %s}]}' % more.encode()


NO_JSON = {
    "nothing": b"",
    "a word": b"null",
    "a list": b"[]",
    "half an object": b'{"collectionName": "words"',
    "no number": b'{"limit": NaN}',
    "an endless number": b'{"limit": -Infinity}',
    "a number of many digits": b'{"limit": ' + b"9" * 10_000 + b"}",
    "a nest": b"[" * 200_000,
    "a nest that is whole": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "other letters": '{"collectionName": "words"}'.encode("utf-16"),
    "no letters": b'{"collectionName": "\xff\xfe"}',
    "half a letter": b'{"collectionName": "\\ud800"}',
    "a form": b"collectionName=words",
    "half a letter in a row": _row('"more": "\\udfff"'),
    "too large a number in a row": _row('"more": 1e400'),
    "a deep document in a row": _row('"more": ' + "[" * 200 + "]" * 200),
}


@pytest.mark.parametrize("what", NO_JSON)
def test_what_is_no_json_is_refused(cluster: Cluster, what: str) -> None:
    rest = Rest(cluster)
    for route in ("entities/insert", "entities/upsert"):
        code, _ = rest.refusal(route, NO_JSON[what])
        assert code in {1801, 1802}
    assert rest.data("entities/query", {"collectionName": "words", "outputFields": ["count(*)"]}) == [
        {"count(*)": 0}
    ]


WRONG_ROWS: list[Any] = [
    {"id": 1, "vector": [1e39, 0]},
    {"id": 1, "vector": [10**400, 0]},
    {"id": 1, "vector": [True, False]},
    {"id": 1, "vector": ["1", "2"]},
    {"id": 1, "vector": {"0": 1}},
    {"id": 1, "vector": [[1, 2]]},
    {"id": 1, "vector": None},
    {"id": 2**63, "vector": [0, 1]},
    {"id": True, "vector": [0, 1]},
    {"id": 1.0, "vector": [0, 1]},
    {"id": [], "vector": [0, 1]},
    {"id": 1, "vector": [0, 1], "$meta": {"a": 1}},
]


def test_rows_that_do_not_fit_are_refused(cluster: Cluster) -> None:
    rest = Rest(cluster)
    for row in WRONG_ROWS:
        for route in ("entities/insert", "entities/upsert"):
            assert rest.refusal(route, {"collectionName": "words", "data": [row]})[0] == 1804


def test_fields_of_other_kinds_are_refused_on_every_route(cluster: Cluster) -> None:
    rest = Rest(cluster)
    others: tuple[Any, ...] = (5, True, [[]], {"a": 1}, ["a", 1], 2**40, -1, "ü" * 70_000)
    names = (
        "dbName",
        "filter",
        "outputFields",
        "limit",
        "data",
        "search",
        "rerank",
        "schema",
        "params",
        "id",
    )
    for route in ("collections/create", "entities/get", "entities/search", "entities/hybrid_search"):
        for name in names:
            for other in others:
                status, answer = rest.send(route, {"collectionName": "nowhere", name: other})
                assert (status, answer["code"] != 0, "data" in answer) == (200, True, False), (route, name)


def test_words_of_all_languages_come_back(cluster: Cluster) -> None:
    rest = Rest(cluster)
    words = ["日本語", "العربية", "straße", "🦊", "e\u0301", 'a"b\\c', "\u2028"]
    rows = [{"id": each, "vector": [0, 1], "word": word} for each, word in enumerate(words)]
    rest.data("collections/create", {"collectionName": "tongues", "dimension": 2})
    rest.data("entities/insert", {"collectionName": "tongues", "data": rows})
    for each, word in enumerate(words):
        asked = {"collectionName": "tongues", "filter": f"word == {json.dumps(word, ensure_ascii=False)}"}
        assert [row["id"] for row in rest.data("entities/query", asked)] == [each]
    rest.data("collections/drop", {"collectionName": "tongues"})


HEADS = {
    "noise": (b"\x00\xff\x17" * 100 + b"\r\n\r\n", 400),
    "another version": (head(LIST, 2).replace(b"HTTP/1.1", b"HTTP/2.0") + b"{}", 400),
    "no version": (head(LIST, 2).replace(b" HTTP/1.1", b"") + b"{}", 400),
    "pieces": (head(LIST, 2, "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n", 411),
    "two lengths": (head(LIST, 2, "Content-Length: 5") + b"{}", 400),
    "a length below nothing": (head(LIST, "-1"), 400),
    "a length in words": (head(LIST, "two"), 400),
    "too much": (head(LIST, 16 * MEGABYTE + 1), 413),
    "a length of many digits": (head(LIST, "9" * 4000), 400),
    "many headers": (head(LIST, 2, *["X: y"] * 200) + b"{}", 400),
    "large headers": (head(LIST, 2, "X: " + "y" * 20_000) + b"{}", 431),
    "headers without end": (b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000, 431),
    "a header of two lines": (head(LIST, 2, "X: y", " z", ": a") + b"{}", 400),
    "a length that others would not see": (
        head(LIST, 2, "X: y\n\nZ: z").replace(b"Content", b"Z: z\n\nContent"),
        400,
    ),
    "a line that ends early": (head(LIST, 2, "X: y\nZ: z") + b"{}", 400),
    "a line that goes back": (head(LIST, 2, "X: y\rZ: z") + b"{}", 400),
    "a line that goes on": (head(LIST, 2, "X: y", " Content-Length: 5") + b"{}", 400),
    "another key": (head(LIST, 2, key="adieu_wrong") + b"{}", 401),
    "no key": (head(LIST, 2).replace(b"Authorization", b"X-Else") + b"{}", 401),
    "two keys": (head(LIST, 2, f"Authorization: Bearer {KEY}") + b"{}", 401),
    "half a password": (head(LIST, 2).replace(b"Bearer ", b"Basic =") + b"{}", 401),
}


@pytest.mark.parametrize("what", HEADS)
def test_a_head_that_is_none_is_answered_and_hung_up_on(cluster: Cluster, what: str) -> None:
    raw, status = HEADS[what]
    said = by_hand(cluster, raw)
    assert said.startswith(f"HTTP/1.1 {status} ".encode())
    assert said.count(b"Content-Length: ") == 1
    envelope = json.loads(said.partition(b"\r\n\r\n")[2])
    assert envelope["code"] == (1800 if status == 401 else 1801)


def test_other_methods_and_places_are_named(cluster: Cluster) -> None:
    close = "Connection: close"
    assert b" 405 " in by_hand(cluster, head(LIST, 0, close, method="GET"))
    elsewhere = head(LIST, 0, close).replace(b"/v2/vectordb/", b"/v1/vector/")
    assert b" 404 " in by_hand(cluster, elsewhere)
    basic = head(LIST, 2, close).replace(b"Bearer " + KEY.encode(), b"Basic cm9vdDo" + b"=")
    assert b" 401 " in by_hand(cluster, basic + b"{}")


def test_a_key_may_be_the_password_of_whatever_user(cluster: Cluster) -> None:
    assert Rest(cluster, f"root:{KEY}").data(LIST, {}) == ["words"]


def test_who_is_unknown_is_refused_before_anything_more_is_read(cluster: Cluster) -> None:
    process = psutil.Process(cluster.engine.pid)
    before = process.memory_info().rss
    with ExitStack() as stack:
        strangers = [stack.enter_context(_connected(cluster)) for _ in range(200)]
        for stranger in strangers:
            stranger.setblocking(False)
            stranger.send(head("entities/insert", 16 * MEGABYTE, key="adieu_wrong") + b"x" * MEGABYTE)
        assert Rest(cluster).data(LIST, {}) == ["words"]
        assert process.memory_info().rss - before < 60 * MEGABYTE
        for stranger in strangers:
            stranger.settimeout(10)
            # Who reads late may find nothing any more.
            assert heard(stranger)[:13] in {b"", b"HTTP/1.1 401 "}


def test_connections_beyond_the_bound_are_hung_up_on_and_the_others_stay(cluster: Cluster) -> None:
    callers = [Rest(cluster) for _ in range(320)]
    try:
        answered = list(itertools.takewhile(_is_answered, callers))
        # The limit of this process is 300; a few may still be held by earlier tests.
        assert 250 < len(answered) <= 300
        assert _is_answered(answered[0])
    finally:
        for caller in callers:
            caller.close()
    wait_until(lambda: _is_answered(Rest(cluster)))


def test_half_a_request_is_hung_up_on(cluster: Cluster) -> None:
    whole = head(LIST, 100) + b"{"
    with ExitStack() as stack:
        for part in (b"P", b"POST ", whole[:40], whole):
            caller = stack.enter_context(_connected(cluster))
            caller.sendall(part)
            caller.settimeout(10)
            assert heard(caller) == b""


def test_requests_may_follow_each_other_without_waiting(cluster: Cluster) -> None:
    has = b'{"collectionName": "words"}'
    last = head(LIST, 2, "Connection: close") + b"{}"
    said = by_hand(cluster, (head("collections/has", len(has)) + has) * 20 + last)
    assert said.count(b'{"code": 0, "data": {"has": true}}') == 20
    assert said.endswith(b'{"code": 0, "data": ["words"]}')


def test_a_request_may_come_byte_by_byte_and_may_ask_first(cluster: Cluster) -> None:
    with _connected(cluster) as caller:
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for each in head(LIST, 2, "Expect: 100-continue"):
            caller.sendall(bytes([each]))
        assert caller.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        caller.sendall(b"{}")
        assert caller.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")


def test_what_is_read_at_once_is_bounded(cluster: Cluster) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            caller = stack.enter_context(_connected(cluster))
            caller.sendall(head("entities/insert", 16 * MEGABYTE, "Expect: 100-continue"))
            assert caller.recv(100).startswith(b"HTTP/1.1 100")
        said = by_hand(cluster, head("entities/insert", 100))
        assert said.startswith(b"HTTP/1.1 429 ")
        assert json.loads(said.partition(b"\r\n\r\n")[2])["code"] == 1807


def test_who_does_not_take_the_answer_is_hung_up_on(cluster: Cluster) -> None:
    with _sent_much(cluster) as caller:
        assert _seconds_until_hung_up_on(caller) < 20


def test_who_loses_the_right_to_stay_while_sending_is_cut_off_within_a_second(cluster: Cluster) -> None:
    # Rule D7
    with _connected(cluster) as caller:
        caller.sendall(head("entities/insert", 1000, "Expect: 100-continue"))
        assert caller.recv(100).startswith(b"HTTP/1.1 100")
        cluster.let_in(OTHER)
        revoked_at = time.monotonic()
        assert caller.recv(1000).startswith(b"HTTP/1.1 401 ")
        assert time.monotonic() - revoked_at < 1


def test_who_loses_the_right_to_stay_while_answered_is_cut_off_within_a_second(cluster: Cluster) -> None:
    # Rule D7
    with _sent_much(cluster) as caller:
        cluster.let_in(OTHER)
        assert _seconds_until_hung_up_on(caller) < 1


def test_a_revoked_key_is_refused_within_a_second_on_a_connection_that_is_kept(cluster: Cluster) -> None:
    # Rule D7
    rest = Rest(cluster)
    rest.data(LIST, {})
    cluster.let_in(OTHER)
    revoked_at = time.monotonic()
    status = 200
    while status == 200:
        status, answer = rest.send(LIST, {})
    assert time.monotonic() - revoked_at < 1
    assert (status, answer["code"]) == (401, 1800)
    assert Rest(cluster).send(LIST, {}) == (401, {"code": 1800, "message": REASON})


def test_a_request_that_the_engine_works_on_ends_within_a_second(cluster: Cluster) -> None:
    # Rule D7
    rest, other = Rest(cluster), Rest(cluster, OTHER)
    rest.data("collections/create", {"collectionName": "much", "dimension": 64})
    rows = [{"id": each, "vector": [float(each)] * 64} for each in range(2000)]
    rest.data("entities/insert", {"collectionName": "much", "data": rows})
    outcome: list[tuple[int, dict[str, Any]]] = []

    def search() -> None:
        asked = {"collectionName": "much", "data": [[1.0] * 64] * 1000, "limit": 2000}
        outcome.append(rest.send("entities/search", asked))

    searching = threading.Thread(target=search)
    process = psutil.Process(cluster.engine.pid)
    worked = sum(process.cpu_times()[:2])
    searching.start()
    while sum(process.cpu_times()[:2]) < worked + 0.5:
        assert searching.is_alive()
        threading.Event().wait(0.02)
    cluster.let_in(OTHER)
    revoked_at = time.monotonic()
    searching.join(60)
    assert time.monotonic() - revoked_at < 1
    assert outcome[0][0] == 401
    assert outcome[0][1]["code"] == 1800
    other.data("collections/drop", {"collectionName": "much"})


def _is_answered(caller: Rest) -> bool:
    try:
        return bool(caller.data(LIST, {}))
    except OSError:
        return False


def _connected(cluster: Cluster) -> socket.socket:
    return socket.create_connection(("127.0.0.1", cluster.place.port), timeout=30)


@contextmanager
def _sent_much(cluster: Cluster) -> Iterator[socket.socket]:
    """Give a caller to whom more is sent than they take."""
    rest = Rest(cluster, OTHER)
    rest.data("collections/create", {"collectionName": "wide", "dimension": 1024})
    rows = [{"id": each, "vector": [0.123] * 1024} for each in range(1000)]
    rest.data("entities/insert", {"collectionName": "wide", "data": rows})
    asked = b'{"collectionName": "wide", "limit": 1000}'
    with _connected(cluster) as caller:
        caller.sendall(head("entities/query", len(asked)) + asked)
        assert caller.recv(12) == b"HTTP/1.1 200"
        yield caller
    rest.data("collections/drop", {"collectionName": "wide"})


def _seconds_until_hung_up_on(caller: socket.socket) -> float:
    """Wait until somebody hung up in the middle; who is hung up on finds out by writing."""
    began = time.monotonic()
    while time.monotonic() < began + 20 and _is_open(caller):
        threading.Event().wait(0.05)
    return time.monotonic() - began


def _is_open(caller: socket.socket) -> bool:
    try:
        caller.send(b"x")
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True
