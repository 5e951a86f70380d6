"""What a cluster is on a Milvus server: made and dropped, whatever happens in between (Rules K2, K3)."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from pymilvus.grpc_gen import common_pb2, milvus_pb2

from adieu.clusters.engines import Undestroyed
from adieu.clusters.engines.milvus_server.access import Access, name_of
from adieu.clusters.engines.milvus_server.engine import NOT_REGISTERED, SERVER_GONE, MilvusServer
from adieu.clusters.engines.milvus_server.keeping import Keeping, Refused
from adieu.clusters.engines.milvus_server.methods import FORWARDED
from adieu.clusters.engines.milvus_server.rights import rights
from adieu.clusters.engines.milvus_server.server import Server
from adieu.clusters.engines.process.endings import SENTENCES, Ending
from tests.support.clusters import free_port
from tests.support.fake_milvus import REFUSED, ROOT, SERVICE, FakeMilvus, served
from tests.support.gateways import ServerCluster, running_on, wait_until_ended

pytestmark = pytest.mark.only_on("sqlite")
NAME = name_of(uuid4())
OURS = Access(NAME, "a password of its own")


class Killed(BaseException):
    """What stands for the end of the process."""


class KilledAfter(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]  # grpc has no types
    """Lets so many calls take effect, and then the process ends."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        if self.left == 0:
            raise Killed
        self.left -= 1
        done = continuation(details, request)
        done.result()
        return done


@pytest.fixture
def fake() -> Iterator[FakeMilvus]:
    with served(FakeMilvus()) as running:
        yield running


def kept(fake: FakeMilvus, act: Callable[[Keeping], None], *, calls: int = -1) -> bool:
    """Do something as the server's root, for so many calls; tell whether it came to its end."""
    with grpc.insecure_channel(f"127.0.0.1:{fake.port}") as channel:
        try:
            act(Keeping(grpc.intercept_channel(channel, KilledAfter(calls)), ROOT))
        except Killed:
            return False
    return True


def make(keeping: Keeping) -> None:
    keeping.make(OURS)


def drop(keeping: Keeping) -> None:
    keeping.drop(NAME)


def is_whole(fake: FakeMilvus) -> bool:
    given = {(each.object.name, each.grantor.privilege.name) for each in fake.roles[NAME]}
    return (
        NAME in fake.databases
        and fake.users[NAME] == OURS.password
        and given == set(rights())
        and {each.db_name for each in fake.roles[NAME]} == {NAME}
        and fake.members == {(NAME, NAME)}
    )


def test_its_user_may_do_what_is_passed_on_and_no_more() -> None:
    # Milvus' own protocol says which right a method asks for; the first one stands for none.
    asked = set()
    for name in FORWARDED:
        options = SERVICE.methods_by_name[name].input_type.GetOptions()
        ext = options.Extensions[common_pb2.privilege_ext_obj]
        right = common_pb2.ObjectPrivilege.Name(ext.object_privilege).removeprefix("Privilege")
        asked.add((common_pb2.ObjectType.Name(ext.object_type), right))
    of_older_servers = {("Global", "ShowCollections"), ("Collection", "GetLoadingProgress")}
    assert set(rights()) == (asked - {("Collection", "All")}) | of_older_servers


def test_it_is_made_when_its_rights_count(fake: FakeMilvus) -> None:
    # Milvus says yes to a grant before all of its parts know of it.
    waits: list[float] = []

    def deny_at_first(message: Any, context: Any) -> Any:
        if len(waits) < 3:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "PrivilegeGetStatistics: permission deny")
        return milvus_pb2.GetCollectionStatisticsResponse(status=REFUSED)

    fake.answers["GetCollectionStatistics"] = deny_at_first
    with grpc.insecure_channel(f"127.0.0.1:{fake.port}") as channel:
        Keeping(channel, ROOT, pause=waits.append).make(OURS)
        assert len(waits) == 3
        waits.clear()
        fake.answers["RenameCollection"] = lambda _, context: context.abort(
            grpc.StatusCode.PERMISSION_DENIED, "PrivilegeRenameCollection: permission deny"
        )
        # One that does not come in time is not waited for any longer.
        Keeping(channel, ROOT, pause=waits.append).make(OURS)
    assert len(waits) > 100


def test_a_right_that_a_server_does_not_know_is_done_without(fake: FakeMilvus) -> None:
    def refuse_new(message: Any, _: Any) -> Any:
        if message.entity.grantor.privilege.name == "AlterCollectionSchema":
            return common_pb2.Status(error_code=41, code=65535, reason="not found the privilege name[…]")
        return fake._OperatePrivilege(message)

    fake.answers["OperatePrivilege"] = refuse_new
    assert kept(fake, make)
    assert len(fake.roles[NAME]) == len(list(rights())) - 1
    fake.answers["OperatePrivilege"] = lambda *_: REFUSED
    with pytest.raises(Refused):
        kept(fake, make)


def test_making_is_cut_off_after_any_call_and_done_again() -> None:
    # Rule K2
    for calls in range(100):
        with served(FakeMilvus()) as fake:
            is_done = kept(fake, make, calls=calls)
            kept(fake, make)
            assert is_whole(fake), calls
        if is_done:
            break
    assert calls > len(list(rights()))


def test_dropping_is_cut_off_after_any_call_and_done_again() -> None:
    # Rule K2
    for calls in range(200):
        with served(FakeMilvus()) as fake:
            fake.databases["adieu_other"], fake.users["adieu_other"], fake.roles["adieu_other"] = (
                ["x"],
                "y",
                [],
            )
            kept(fake, make)
            fake.databases[NAME] = ["words", "birds"]
            is_done = kept(fake, drop, calls=calls)
            kept(fake, drop)
            assert fake.names == {"adieu_other"}, calls
            assert fake.databases == {"default": ["others"], "adieu_other": ["x"]}
        if is_done:
            break
    assert calls > len(list(rights()))


def test_suspending_changes_nothing_on_the_server_and_deleting_drops_all(
    fake: FakeMilvus, tmp_path: Path
) -> None:
    # Rule K2
    with running_on(fake.server, tmp_path) as cluster:
        assert fake.names == {cluster.name}
        fake.databases[cluster.name] = ["words"]
        cluster.engine.stop(patience=10)
        password = fake.users[cluster.name]
        asked = len([each for each in fake.asked if each.method == "CreateCredential"])
        cluster.engine.start()
        cluster.start()
        assert fake.users[cluster.name] == password
        assert len([each for each in fake.asked if each.method == "CreateCredential"]) == asked
        cluster.engine.destroy()
        assert fake.names == set()
        assert not cluster.place.folder.exists()
        cluster.engine.destroy()


def test_a_server_that_is_away_is_waited_for(tmp_path: Path) -> None:
    # Rules K2, K3
    fake = FakeMilvus()
    with served(fake):
        cluster = ServerCluster(tmp_path, fake.server)
        cluster.start()
    with pytest.raises(Undestroyed) as undestroyed:
        cluster.engine.destroy()
    assert str(undestroyed.value) == SENTENCES[Ending.SERVER_AWAY]
    assert cluster.place.folder.exists()
    with served(fake):
        cluster.engine.destroy()
    assert fake.names == set()
    assert not cluster.place.folder.exists()


class Hanging:
    """An answer that does not come while the caller is there."""

    def __init__(self) -> None:
        self.began, self.ended = threading.Event(), threading.Event()

    def __call__(self, message: Any, context: Any) -> Any:
        context.add_callback(self.ended.set)
        self.began.set()
        self.ended.wait(60)
        return REFUSED


def test_whoever_makes_one_ends_with_whoever_sent_it(fake: FakeMilvus, tmp_path: Path) -> None:
    # Otherwise it could make again what the next runner has dropped.
    fake.answers["CreateRole"] = hanging = Hanging()
    cluster = ServerCluster(tmp_path, fake.server)
    cluster.engine.prepare()
    cluster.engine.start()
    assert hanging.began.wait(30)
    assert isinstance(cluster.engine, MilvusServer)
    making = cluster.engine._making._process
    assert making is not None
    assert making.stdin is not None
    # So it looks to the process when whoever sent it is killed.
    making.stdin.close()
    assert making.wait(10) == Ending.CUT_SHORT
    assert hanging.ended.wait(10)


def test_one_that_is_just_being_made_is_deleted(fake: FakeMilvus, tmp_path: Path) -> None:
    # Rule K3
    fake.answers["CreateRole"] = hanging = Hanging()
    cluster = ServerCluster(tmp_path, fake.server)
    cluster.engine.prepare()
    cluster.engine.start()
    assert hanging.began.wait(30)
    assert fake.names == {cluster.name}
    cluster.engine.destroy()
    assert fake.names == set()
    assert not cluster.place.folder.exists()


def test_a_server_that_hangs_keeps_nobody_from_ending(fake: FakeMilvus, tmp_path: Path) -> None:
    # Rule K3
    with running_on(fake.server, tmp_path) as cluster, ThreadPoolExecutor(1) as hands:
        fake.answers["DropDatabase"] = hanging = Hanging()
        destroying = hands.submit(cluster.engine.destroy)
        assert hanging.began.wait(30)
        cluster.engine.stop(patience=10)
        with pytest.raises(Undestroyed):
            destroying.result(10)
        assert cluster.place.folder.exists()
        fake.answers.clear()
        cluster.engine.destroy()
        assert fake.names == set()


def test_one_that_was_never_begun_needs_no_server_to_go(tmp_path: Path) -> None:
    # Rule K3
    cluster = ServerCluster(tmp_path, Server(f"http://127.0.0.1:{free_port()}", ROOT))
    cluster.engine.prepare()
    cluster.engine.destroy()
    assert not cluster.place.folder.exists()


def test_one_whose_folder_was_lost_is_dropped_all_the_same(fake: FakeMilvus, tmp_path: Path) -> None:
    # Rule K2
    with running_on(fake.server, tmp_path) as cluster:
        cluster.engine.stop(patience=10)
        cluster.place.folder.rename(tmp_path / "lost")
        cluster.engine.destroy()
    assert fake.names == set()


def test_what_the_server_refuses_is_said(fake: FakeMilvus, tmp_path: Path) -> None:
    away = Server(f"http://127.0.0.1:{free_port()}", ROOT)
    stranger = Server(fake.server.uri, "root:Wrong")
    for number, (server, why) in enumerate(((away, Ending.SERVER_AWAY), (stranger, Ending.TOKEN_REFUSED))):
        (tmp_path / str(number)).mkdir()
        cluster = ServerCluster(tmp_path / str(number), server)
        cluster.place.folder.mkdir(parents=True)
        cluster.engine.start()
        assert wait_until_ended(cluster) == SENTENCES[why]
        cluster.engine.stop(patience=0)


def test_without_a_server_nothing_starts_and_nothing_is_taken_for_destroyed(
    fake: FakeMilvus, tmp_path: Path
) -> None:
    # Rules K2, K3
    with running_on(fake.server, tmp_path) as cluster:
        cluster.engine.stop(patience=10)
        unregistered = MilvusServer(cluster.place, server=None)
        unregistered.start()
        assert unregistered.why_ended() == NOT_REGISTERED
        with pytest.raises(Undestroyed) as undestroyed:
            unregistered.destroy()
        assert str(undestroyed.value) == NOT_REGISTERED
        gone = MilvusServer(cluster.place, server=Server("gone", "", is_gone=True))
        gone.start()
        assert gone.why_ended() == SERVER_GONE
        gone.destroy()
        assert not cluster.place.folder.exists()
