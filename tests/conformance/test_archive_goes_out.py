"""An archive that goes out of a real web process ends with its session, and nobody takes it for whole."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.archives import opened
from tests.support.holdings import ACTIVITIES, prepare
from tests.support.houses import wait_until
from tests.support.lines import LITTLE, Caller
from tests.support.served import Served, serve

EXPORT = "/api/v1/account/export"
# Written by the worker beside all else that this machine does.
SECONDS_TO_WRITE = 90


@dataclass
class Bob:
    """Somebody with a long log, signed in with two browsers."""

    served: Served
    sessions: list[str]
    session_ids: list[str]

    def call(self, method: str, path: str, *, by: int = 0) -> http.client.HTTPResponse:
        """Ask on a connection of its own; the body is read by whoever wants it."""
        parts = urlsplit(self.served.url)
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        line.request(method, path, headers=Caller(session=self.sessions[by]).headers())
        return line.getresponse()

    def archive(self) -> Any:
        """Tell how far the archive is."""
        return json.loads(self.call("GET", EXPORT).read())


@pytest.fixture(scope="module")
def bob(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bob]:
    folder: Path = tmp_path_factory.mktemp("archives")
    with serve(folder) as served:
        found = prepare(served.settings, "alice")["people"]["bob"]
        bob = Bob(served, found["sessions"], found["session_ids"])
        assert bob.call("POST", EXPORT).status == 202
        wait_until(lambda: bob.archive()["state"] == "ready", "an archive", seconds=SECONDS_TO_WRITE)
        yield bob


def test_it_ends_with_the_session_and_is_shorter_than_it_says(bob: Bob, record_property: Any) -> None:
    answer = bob.call("GET", f"{EXPORT}/download")
    size = int(answer.headers["Content-Length"])
    begun = answer.read(LITTLE)
    assert begun.startswith(b"PK")
    assert bob.call("POST", f"/account/sessions/{bob.session_ids[0]}/end/", by=1).status == 302
    with pytest.raises(http.client.IncompleteRead) as broken:
        answer.read()
    got = len(begun) + len(broken.value.partial)
    assert got < size
    assert bob.call("GET", f"{EXPORT}/download").status == 401
    record_property("bytes of an archive that still came after its session had ended", got - LITTLE)
    assert "response.broke_off" in bob.served.log


def test_another_session_gets_it_whole(bob: Bob, record_property: Any) -> None:
    answer = bob.call("GET", f"{EXPORT}/download", by=1)
    file = answer.read()
    assert len(file) == int(answer.headers["Content-Length"])
    assert len(opened(file).json["activities"]) >= ACTIVITIES
    record_property(f"bytes of an archive with {ACTIVITIES} activities", len(file))
