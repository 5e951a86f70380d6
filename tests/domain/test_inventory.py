"""What `adieu doctor` and `/metrics` say of clusters."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from adieu.clusters.models import Cluster, Failure, State
from adieu.clusters.numbers import clusters_by_state
from adieu.ops import doctor, inventory, vaults
from adieu.ops.clusters import Alone, are_run
from tests.support import certificates
from tests.support.days import Day

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

HOUR = timedelta(hours=1)
MARK = "quixoticwombat"


@pytest.fixture
def day(tmp_path: Path, now: datetime) -> Iterator[Day]:
    # As in every installation, before anybody signs up.
    vaults.pair()
    day = Day(tmp_path, now)
    with override_settings(CLUSTERS_FOLDER=tmp_path):
        yield day


def findings(day: Day) -> list[str]:
    return list(inventory.findings(now=day.now))


def test_without_clusters_nothing_is_wrong(day: Day) -> None:
    assert list(inventory.lines()) == [
        "Clusters: none; 0 of 100 ports in use",
        "No process runs the clusters now",
    ]
    assert findings(day) == []
    assert set(clusters_by_state().values()) == {0}


def test_each_state_is_counted(day: Day) -> None:
    day.running()
    day.create("Apes")
    day.create("Bees")
    assert next(inventory.lines()) == "Clusters: 2 creating, 1 running; 3 of 100 ports in use"
    assert clusters_by_state() == {**dict.fromkeys(State.values, 0), "creating": 2, "running": 1}
    assert findings(day) == []


def test_whoever_runs_them_is_seen_and_not_disturbed(day: Day) -> None:
    alone = Alone()
    assert not are_run()
    assert alone.take()
    try:
        assert are_run()
        assert alone.is_held()
    finally:
        alone.let_go()
    assert not are_run()


def test_one_that_failed_is_named_by_its_id(day: Day) -> None:
    cluster = day.running()
    Cluster.objects.update(state=State.FAILED, failed_at=day.now, failure=Failure.TOO_SLOW)
    assert findings(day) == [f"the cluster {cluster.id} has failed (too_slow); its page has “Try again”"]
    Cluster.objects.update(failure=Failure.ENDED, failure_reason="The disk is full.")
    said = "has failed (The disk is full.); its page has “Try again”"
    assert findings(day) == [f"the cluster {cluster.id} {said}"]


def test_a_folder_that_is_missing_is_said(day: Day) -> None:
    cluster = day.running()
    day.data.unlink()
    day.data.parent.rmdir()
    assert findings(day) == [f"the data folder of the cluster {cluster.id} is missing"]
    # One that has never run has none yet, and one that goes has none any more.
    Cluster.objects.update(state=State.CREATING, started_at=None)
    assert findings(day) == []


def test_one_that_is_being_deleted_for_long_is_said(day: Day) -> None:
    cluster = day.running()
    day.engine.unable_to_destroy = OSError()
    day.delete()
    day.pass_time(times=2)
    assert findings(day) == []
    day.now += HOUR + timedelta(minutes=1)
    [said] = findings(day)
    assert said.startswith(f"the cluster {cluster.id} has been being deleted for longer than an hour")
    assert "(unable_to_destroy)" in said


def test_a_milvus_server_that_is_away_or_not_named_is_said(
    day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = day.running()
    given = replace(settings.ADIEU, milvus_uri="http://milvus:19530", milvus_token="root:secret")
    Cluster.objects.update(engine="milvus-server", trouble="The server is away.")
    with override_settings(ADIEU=given):
        assert findings(day) == [f"the cluster {cluster.id} runs, and yet: The server is away."]
        doctor.examine()
    said = capsys.readouterr().out
    assert "ADIEU_MILVUS_URI = http://milvus:19530\n" in said
    assert "ADIEU_MILVUS_TOKEN = (given)\n" in said
    assert "root:secret" not in said
    Cluster.objects.update(trouble="")
    assert findings(day) == ["clusters on a Milvus server: 1, and ADIEU_MILVUS_URI names none"]
    Cluster.objects.update(
        state=State.DELETING,
        deleting_since_at=day.now,
        failure="unable_to_destroy",
        failure_reason="It is away.",
    )
    day.now += HOUR + timedelta(minutes=1)
    assert "longer than an hour (It is away.)" in findings(day)[1]


@pytest.mark.parametrize("ending", ["", ".going"])
def test_a_folder_that_belongs_to_no_cluster_is_said(day: Day, ending: str) -> None:
    cluster = day.running()
    Cluster.objects.all().delete()
    folder = day.folder / str(cluster.id)
    folder.rename(folder.with_name(folder.name + ending))
    assert findings(day) == [f"the folder clusters/{cluster.id}{ending} belongs to no cluster"]


def test_what_else_lies_there_is_counted_and_not_named(day: Day) -> None:
    (day.folder / MARK).mkdir()
    assert findings(day) == ["1 of what is in the folder clusters belongs to no cluster"]


def test_a_machine_without_the_folders_misses_none(day: Day, tmp_path: Path) -> None:
    day.running()
    with override_settings(CLUSTERS_FOLDER=tmp_path / "elsewhere"):
        assert findings(day) == []


def test_the_doctor_says_it(day: Day, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = day.running()
    Cluster.objects.update(state=State.FAILED, failed_at=day.now, failure=Failure.TOO_SLOW)
    assert not doctor.examine()
    said = capsys.readouterr().out
    assert "Clusters: 1 failed; 1 of 100 ports in use\n" in said
    assert f"WRONG   the cluster {cluster.id} has failed" in said
    assert "Birds" not in said


def test_a_certificate_that_runs_out_is_named_before_and_after(tmp_path: Path) -> None:
    def said(lasts: timedelta, later: timedelta) -> list[str]:
        files = certificates.make(tmp_path, "127.0.0.1", lasts=lasts)
        told = replace(settings.ADIEU, cluster_certificate=files.certificate)
        with override_settings(ADIEU=told, CLUSTERS_FOLDER=tmp_path / "none"):
            return [each.partition(" on ")[0] for each in inventory.findings(now=datetime.now(UTC) + later)]

    assert said(timedelta(days=60), timedelta(0)) == []
    assert said(timedelta(days=60), timedelta(days=50)) == ["ADIEU_CLUSTER_CERTIFICATE runs out"]
    assert said(timedelta(days=60), timedelta(days=61)) == ["ADIEU_CLUSTER_CERTIFICATE ran out"]
