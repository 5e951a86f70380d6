"""A console whose clusters have a certificate: clients, REST and the console itself reach them by TLS."""

import json
import ssl
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from pymilvus import MilvusClient

from tests.support import certificates, cluster_owner
from tests.support.houses import wait_until
from tests.support.rest import PREFIX
from tests.support.served import serve

SECONDS = 60


@pytest.mark.long
def test_everything_reaches_a_cluster_by_tls(tmp_path: Path) -> None:
    # Rule K1
    files = certificates.make(tmp_path, "127.0.0.1")
    pair = {
        "ADIEU_CLUSTER_CERTIFICATE": str(files.certificate),
        "ADIEU_CLUSTER_CERTIFICATE_KEY": str(files.key),
    }
    with serve(tmp_path, **pair) as served:
        has = cluster_owner.prepare(served.settings, "alice.encrypts@example.org")
        assert has["address"].startswith("https://127.0.0.1:")
        console = f"{served.url}/api/v1/clusters/{has['cluster']}"
        wait_until(lambda: bool(_get(console, has["key"])["state"] == "running"), "it runs", seconds=SECONDS)

        client = MilvusClient(uri=has["address"], token=has["key"], server_pem_path=str(files.authority))
        client.create_collection("first", dimension=2)
        client.insert("first", [{"id": 1, "vector": [0.1, 0.2]}])
        assert client.search("first", data=[[0.1, 0.2]], limit=1)[0][0]["id"] == 1
        client.close()

        trusted = ssl.create_default_context(cafile=str(files.authority))
        listed = _get(f"{has['address']}{PREFIX}collections/list", has["key"], b"{}", trusted)
        assert listed == {"code": 0, "data": ["first"]}
        shown = _get(f"{console}/collections", has["key"])
        assert [each["name"] for each in shown["items"]] == ["first"]
        with pytest.raises(OSError):
            _get(has["address"].replace("https", "http") + PREFIX, has["key"])


def _get(address: str, key: str, body: bytes | None = None, trusted: ssl.SSLContext | None = None) -> Any:
    asked = urllib.request.Request(address, body, {"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(asked, timeout=SECONDS, context=trusted) as answer:
        return json.load(answer)
