"""What watches an installation may ask, and that it learns nothing of anybody."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connections
from django.test import Client, override_settings
from django.utils import timezone

from adieu.clusters.models import State
from adieu.ledger.opening import open_ledger
from tests.support.days import Day
from tests.support.ledgers import hide_ledger, place_for_a_ledger
from tests.support.people import join, leave
from tests.support.trouble import trouble, work_through

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
TOKEN = "t" * 32


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path) -> Iterator[None]:
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=timezone.now())
        yield


@pytest.fixture
def _token() -> Iterator[None]:
    with override_settings(ADIEU=replace(settings.ADIEU, metrics_token=TOKEN)):
        yield


def read(client: Client, token: str = TOKEN) -> dict[str, float]:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    lines = answer.content.decode().splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines if line[0] != "#")}


def test_all_is_there(client: Client) -> None:
    assert client.get("/healthz").content == b"ok"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"ready")


def test_a_ledger_that_is_missing_is_named(client: Client) -> None:
    hide_ledger()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"cannot be read: ledger")
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("alias", "name"), [("default", "main database"), ("vault", "vault")])
def test_a_database_that_does_not_answer_is_named(client: Client, alias: str, name: str) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError

    with connections[alias].execute_wrapper(refuse):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.content.decode()) == (503, f"cannot be read: {name}")


def test_without_a_token_set_there_are_no_numbers(client: Client) -> None:
    for given in ("", "Bearer ", "Bearer None", f"Bearer {TOKEN}"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404


@pytest.mark.usefixtures("_token")
def test_only_who_has_the_token_sees_them(client: Client) -> None:
    for given in ("", "Bearer ", f"Bearer {TOKEN[1:]}", f"bearer {TOKEN}", TOKEN, f"Bearer {TOKEN}ü"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404
    assert read(client)["adieu_deletions_late"] == 0


@pytest.mark.usefixtures("_token")
def test_the_numbers_tell_how_deletions_go(client: Client) -> None:
    # In the past, so that it is late by now.
    left_at = timezone.now() - timedelta(hours=6)
    leave(join(ALICE, left_at), ALICE, left_at)
    before = read(client)
    assert before['adieu_deletions{state="erasing"}'] == 1
    assert before['adieu_erasure_steps{state="waiting"}'] > 0
    assert before["adieu_deletions_late"] == 1
    assert before["adieu_deletion_oldest_seconds"] >= 6 * 3600
    with trouble():
        work_through(left_at, timedelta(hours=4))
    stuck = read(client)
    assert stuck['adieu_erasure_steps{state="stuck"}'] == 1
    assert stuck["adieu_erasure_step_retries"] > 1
    assert (
        "alice" not in client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    )


@pytest.mark.usefixtures("_token")
def test_the_numbers_tell_how_clusters_are_doing(client: Client, tmp_path: Path) -> None:
    day = Day(tmp_path, timezone.now())
    day.running()
    day.create("Apes")
    seen = read(client)
    assert {state: seen[f'adieu_clusters{{state="{state}"}}'] for state in State.values} == {
        **dict.fromkeys(State.values, 0),
        "running": 1,
        "creating": 1,
    }
