"""Somebody whose call to a cluster is open when they may not use it any more.

`python -m tests.support.revoking FOLDER` runs on an installation of its own, whose settings are in the
environment, and prints for each way to lose a cluster how the open call ended, how many seconds after the
commit, and what the next call was told. The cluster is on a Milvus server where the settings name one.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc

METHOD = "/milvus.proto.milvus.MilvusService"
SECONDS = 60


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "adieu.config.settings"
    import django

    django.setup()
    from django.conf import settings

    from adieu.clusters.engines import Place
    from adieu.clusters.engines.milvus_lite.engine import MilvusLite
    from adieu.clusters.engines.milvus_server.engine import on_registered_server
    from tests.support.clusters import free_port, wait_until

    house = House()
    place = Place(house.cluster_id, Path(sys.argv[1]) / "cluster", free_port())
    engine = on_registered_server(place) if settings.ADIEU.has_milvus_server else MilvusLite(place)
    engine.prepare()
    engine.start()
    # Where it has to be made on a server first, asking why that ended starts what serves it.
    wait_until(lambda: engine.why_ended() is None and engine.is_ready())
    with grpc.insecure_channel(f"127.0.0.1:{place.port}") as channel:
        for name, act in house.acts().items():
            print(json.dumps({"act": name, **_try(channel, house, act)}), flush=True)
    engine.stop(patience=SECONDS)


class House:
    """Alice's organization with a cluster, which others may use."""

    def __init__(self) -> None:
        from django.utils import timezone

        from adieu.accounts.terms import agree
        from adieu.clusters import operations
        from tests.support.people import join
        from tests.support.rooms import make_organization, make_project

        self.now = timezone.now
        self.alice = join("alice@example.org", self.now())
        agree(account_id=self.alice, now=self.now())
        self.office = make_organization(self.alice, self.now())
        self.atlas = make_project(self.office, self.alice, self.now())
        self.cluster_id = operations.create(
            project_id=self.atlas, account_id=self.alice, name="Birds", now=self.now()
        )
        self._count = 0

    def join(self) -> tuple[UUID, str, Any]:
        """Give somebody new who may use the cluster: their account, address and key."""
        from adieu.accounts.terms import agree
        from adieu.tenancy import api_keys, projects
        from adieu.tenancy.models import Role
        from tests.support.people import join
        from tests.support.rooms import put_into

        self._count += 1
        address, now = f"bob.{self._count}@example.org", self.now()
        bob = join(address, now, is_welcomed=False)
        agree(account_id=bob, now=now)
        put_into(self.office, bob, now)
        projects.add_member(
            project_id=self.atlas, account_id=self.alice, member_id=bob, role=Role.MEMBER, now=now
        )
        key = api_keys.create(
            account_id=bob, organization_id=self.office, name="key", expires_at=None, now=now
        )
        return bob, address, key

    def acts(self) -> dict[str, Callable[[UUID, str, UUID], object]]:
        """Name the ways to lose a cluster; each is done by who may."""
        from adieu.tenancy import api_keys, members, projects
        from tests.support.people import leave

        of_organization = {"organization_id": self.office, "account_id": self.alice}
        of_project = {"project_id": self.atlas, "account_id": self.alice}
        return {
            "key revoked": lambda bob, _, key: api_keys.revoke(
                api_key_id=key, account_id=bob, now=self.now()
            ),
            "key reset": lambda bob, _, key: api_keys.reset(api_key_id=key, account_id=bob, now=self.now()),
            "removed from the project": lambda bob, *_: projects.remove_member(
                **of_project, member_id=bob, now=self.now()
            ),
            "removed from the organization": lambda bob, *_: members.remove_member(
                **of_organization, member_id=bob, now=self.now()
            ),
            "account deleted": lambda bob, address, _: leave(bob, address, self.now()),
        }


def _try(channel: grpc.Channel, house: House, act: Callable[[UUID, str, UUID], object]) -> dict[str, object]:
    from tests.support.clusters import metadata

    bob, address, key = house.join()
    token = metadata(key.secret)
    ended, ended_at = threading.Event(), [0.0]

    def note(_: object) -> None:
        ended_at[0] = time.monotonic()
        ended.set()

    call = channel.stream_unary(f"{METHOD}/Insert").future(_never(), metadata=token)
    # A call that came later is answered, so the first one is inside.
    channel.unary_unary(f"{METHOD}/GetVersion")(b"", metadata=token)
    call.add_done_callback(note)
    act(bob, address, key.id)
    committed_at = time.monotonic()
    ended.wait(SECONDS)
    return {
        "code": call.code().name,
        "seconds": round(ended_at[0] - committed_at, 3),
        "told": _told(channel, token),
    }


def _told(channel: grpc.Channel, token: tuple[tuple[str, str], ...]) -> str:
    try:
        channel.unary_unary(f"{METHOD}/GetVersion")(b"", metadata=token)
    except grpc.RpcError as error:
        return str(error.details())
    return "let in"


def _never() -> Iterator[bytes]:
    threading.Event().wait()
    yield b""


if __name__ == "__main__":
    main()
    # The threads of calls that never sent their message are waiting still.
    os._exit(0)
