"""A cluster that speaks TLS: for gRPC, for REST, and for nobody in the clear (Rules K1, D7)."""

import json
import socket
import ssl
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from django.conf import settings
from django.test import override_settings
from pymilvus import MilvusClient
from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc

from adieu.clusters import reaching
from tests.support import certificates
from tests.support.certificates import Files
from tests.support.clusters import KEY, Cluster, metadata, running, wait_until
from tests.support.rest import PREFIX, heard

# No database of Adieu takes part.
pytestmark = pytest.mark.only_on("sqlite")
HOST = "localhost"


class Encrypted:
    """A cluster and whoever vouches for it."""

    def __init__(self, cluster: Cluster, files: Files) -> None:
        self.cluster, self.files = cluster, files
        self.uri = f"https://{HOST}:{cluster.place.port}"

    def client(self, token: str = KEY, **more: Any) -> MilvusClient:
        trusted = {"server_pem_path": str(self.files.authority), "server_name": HOST}
        return MilvusClient(uri=self.uri, token=token, **{**trusted, **more})

    def trust(self, *spoken: str) -> ssl.SSLContext:
        """Trust the authority, and offer to speak something."""
        context = ssl.create_default_context(cafile=str(self.files.authority))
        if spoken:
            context.set_alpn_protocols(list(spoken))
        return context

    def connected(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        caller = socket.create_connection(("127.0.0.1", self.cluster.place.port), timeout=10)
        return context.wrap_socket(caller, server_hostname=HOST)


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    folder = tmp_path_factory.mktemp("tls")
    files = certificates.make(folder, HOST)
    with running(folder) as cluster:
        yield Encrypted(cluster, files)


@pytest.fixture(autouse=True)
def _let_in(encrypted: Encrypted) -> None:
    encrypted.cluster.let_in(KEY)


def test_pymilvus_works_with_an_authority_of_ones_own(encrypted: Encrypted) -> None:
    client = encrypted.client()
    client.create_collection("much", dimension=512)
    rows = [{"id": each, "vector": [float(each)] * 512} for each in range(4000)]
    assert client.insert("much", rows)["insert_count"] == 4000
    found = client.query("much", filter="id >= 0", limit=4000, output_fields=["vector"])
    assert len(found) == 4000
    assert client.search("much", data=[[1.0] * 512], limit=1)[0]
    client.drop_collection("much")


def test_rest_is_answered_at_the_same_address(encrypted: Encrypted) -> None:
    asked = urllib.request.Request(
        f"{encrypted.uri}{PREFIX}collections/list", b"{}", {"Authorization": f"Bearer {KEY}"}
    )
    with urllib.request.urlopen(asked, context=encrypted.trust(), timeout=30) as answer:
        assert json.load(answer) == {"code": 0, "data": []}


@pytest.mark.parametrize(
    ("offered", "taken"),
    [(["h2"], "h2"), (["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), ([], None)],
)
def test_who_can_speak_both_speaks_http_1(
    encrypted: Encrypted, offered: list[str], taken: str | None
) -> None:
    with encrypted.connected(encrypted.trust(*offered)) as caller:
        assert caller.selected_alpn_protocol() == taken


def test_who_does_not_know_the_authority_does_not_connect(encrypted: Encrypted) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        encrypted.connected(ssl.create_default_context())


def test_nothing_is_said_in_the_clear(encrypted: Encrypted) -> None:
    for said in (
        f"POST {PREFIX}collections/list HTTP/1.1\r\n\r\n".encode(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", encrypted.cluster.place.port), timeout=10) as caller:
            caller.sendall(said)
            assert b"HTTP" not in heard(caller)


def test_strangers_who_never_finish_greeting_do_not_stay(encrypted: Encrypted) -> None:
    with ExitStack() as stack:
        address = ("127.0.0.1", encrypted.cluster.place.port)
        idle = [stack.enter_context(socket.create_connection(address, timeout=10)) for _ in range(50)]
        for each in idle[:25]:
            each.sendall(b"\x16\x03\x01\x02\x00\x01")
        quiet = [stack.enter_context(encrypted.connected(encrypted.trust())) for _ in range(5)]
        assert encrypted.client().list_collections() == []
        for each in (*idle, *quiet):
            heard(each)


def test_a_revoked_key_is_cut_off_within_a_second(encrypted: Encrypted) -> None:
    # Rule D7
    trusted = grpc.ssl_channel_credentials(encrypted.files.authority.read_bytes())
    with grpc.secure_channel(f"{HOST}:{encrypted.cluster.place.port}", trusted) as channel:
        stub = milvus_pb2_grpc.MilvusServiceStub(channel)
        assert _code_of(stub) is grpc.StatusCode.OK
        encrypted.cluster.let_in()
        revoked_at = time.monotonic()
        while (code := _code_of(stub)) is grpc.StatusCode.OK:
            assert time.monotonic() - revoked_at < 1
        assert code in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.CANCELLED}


def _code_of(stub: milvus_pb2_grpc.MilvusServiceStub) -> grpc.StatusCode:
    try:
        stub.GetVersion(milvus_pb2.GetVersionRequest(), metadata=metadata(KEY))
    except grpc.RpcError as refusal:
        return refusal.code()
    return grpc.StatusCode.OK


def test_the_console_itself_reaches_it_whoever_vouches_for_it(encrypted: Encrypted) -> None:
    told = replace(settings.ADIEU, cluster_certificate=encrypted.files.certificate)
    with override_settings(ADIEU=told), reaching._open_channel(encrypted.uri) as channel:
        stub = milvus_pb2_grpc.MilvusServiceStub(channel)
        answer = stub.GetVersion(milvus_pb2.GetVersionRequest(), metadata=metadata(KEY), timeout=10)
        assert answer.status.code == 0


def test_the_console_asks_no_proxy_for_the_way(encrypted: Encrypted, monkeypatch: pytest.MonkeyPatch) -> None:
    # A proxy of the system's is for the way out. It would be told which cluster a page is about.
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("grpc_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        test_the_console_itself_reaches_it_whoever_vouches_for_it(encrypted)


def test_a_new_certificate_counts_from_the_next_start_and_a_broken_one_is_named(tmp_path: Path) -> None:
    first = certificates.make(tmp_path, HOST)
    with running(tmp_path) as cluster:
        Encrypted(cluster, first).client().close()
        cluster.engine.stop(patience=30)
        renewed = certificates.make(tmp_path, HOST)
        cluster.start()
        Encrypted(cluster, renewed).client().close()
        cluster.engine.stop(patience=30)
        renewed.key.write_text("no key", encoding="utf-8")
        cluster.engine.start()
        wait_until(lambda: cluster.engine.why_ended() is not None)
        assert cluster.engine.why_ended() == "The certificate of this console's clusters cannot be read."
