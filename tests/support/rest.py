"""Speaking to the REST API of a cluster: by Python's own client, and by hand."""

import http.client
import json
import socket
from typing import Any

from tests.support.clusters import KEY, Cluster

PREFIX = "/v2/vectordb/"
SECONDS = 30


class Rest:
    """One caller with one connection, which is kept."""

    def __init__(self, cluster: Cluster, key: str = KEY) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", cluster.place.port, timeout=SECONDS)
        self._key = key

    def send(self, route: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        """Send a request, and give the status and the envelope."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        said = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("POST", PREFIX + route, raw, said)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def whole(self, route: str, body: Any, **headers: str) -> dict[str, Any]:
        """Send a request that is carried out, and give the envelope."""
        status, answer = self.send(route, body, **headers)
        assert (status, answer.get("code")) == (200, 0), answer
        return answer

    def data(self, route: str, body: Any, **headers: str) -> Any:
        """Send a request that is carried out, and give what it gives."""
        return self.whole(route, body, **headers)["data"]

    def refusal(self, route: str, body: Any, **headers: str) -> tuple[int, str]:
        """Send a request that is refused as Milvus refuses, and give the code and the message."""
        status, answer = self.send(route, body, **headers)
        assert status == 200
        assert set(answer) == {"code", "message"}
        return answer["code"], answer["message"]

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def head(route: str, length: int | str, *more: str, key: str = KEY, method: str = "POST") -> bytes:
    """Write the head of a request by hand."""
    lines = [
        f"{method} {PREFIX}{route} HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {key}",
        f"Content-Length: {length}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def by_hand(cluster: Cluster, raw: bytes) -> bytes:
    """Send bytes, and give all that comes until the other side hangs up."""
    with socket.create_connection(("127.0.0.1", cluster.place.port), timeout=SECONDS) as caller:
        caller.sendall(raw)
        return heard(caller)


def heard(caller: socket.socket) -> bytes:
    """Read until the other side hangs up."""
    said = b""
    try:
        while more := caller.recv(65536):
            said += more
    except ConnectionResetError:
        pass
    return said
