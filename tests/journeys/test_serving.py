"""`adieu serve` as an operator runs it."""

import contextlib
import http.client
import os
import re
import signal
import stat
import subprocess
import urllib.error
import urllib.request
from contextlib import suppress
from email.message import Message
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
import pytest

from tests.support.served import Served, free_port, serve, start

SECRET = "dGhpcy1pcy10aGUtc2VjcmV0LXBhcnQ"
SECONDS_TO_END = 20
SECONDS_TO_START = 60


def fetch(url: str) -> tuple[int, Message]:
    try:
        with urllib.request.urlopen(url) as response:
            return response.status, response.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers


def test_says_three_things(served: Served) -> None:
    assert served.lines[:3] == [
        f"Data folder: {served.data_dir}",
        f"Console:     {served.url}",
        f"Mail:        to {served.mailbox.url.removeprefix('smtp://')}",
    ]


def test_everything_it_keeps_is_closed_to_others(served: Served) -> None:
    open_to_others = [
        path
        for path in [served.data_dir, *served.data_dir.rglob("*")]
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert open_to_others == []


@pytest.mark.parametrize("path", ["/accounts/login/", "/nowhere/", f"/deletions/{SECRET}/"])
def test_headers(served: Served, path: str) -> None:
    _, headers = fetch(served.url + path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_log_tells_nothing(served: Served) -> None:
    for path in (
        f"/deletions/{SECRET}/",
        f"/nowhere/{SECRET}",
        f"/accounts/login/?next={SECRET}",
        f"/\0{SECRET}",
    ):
        fetch(served.url + quote(path, safe="/?="))
    assert SECRET not in served.log


def test_huge_upload_is_refused_unread(served: Served) -> None:
    """The announced length decides: the body is never sent, and the answer does not wait for it."""
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=SECONDS_TO_END)
    connection.putrequest("POST", "/accounts/login/")
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", "3000000")
    connection.endheaders()
    with contextlib.closing(connection), connection.getresponse() as answer:
        assert answer.status == HTTPStatus.CONTENT_TOO_LARGE


def test_foreign_host_name_is_refused(served: Served) -> None:
    request = urllib.request.Request(f"{served.url}/accounts/login/", headers={"Host": "evil.example.org"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    caught.value.close()
    assert caught.value.code == 400


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"ADIEU_BIND": "nowhere"}, r"adieu: ADIEU_BIND: the host must be an IP address or localhost\."),
        (
            {"ADIEU_BIND": "0.0.0.0:1", "ADIEU_BASE_URL": "http://localhost"},
            r"adieu: ADIEU_SMTP_URL: is needed, .*\.",
        ),
        (
            {"ADIEU_DATABASE_URL": "postgresql://localhost:1/x"},
            r"adieu: ADIEU_DATABASE_URL: the database cannot be .*",
        ),
        ({"ADIEU_SECRET_KEY": "short"}, r"adieu: ADIEU_SECRET_KEY: must have at least 32 characters\."),
    ],
)
def test_wrong_setting_is_one_line(tmp_path: Path, settings: dict[str, str], line: str) -> None:
    free = f"127.0.0.1:{free_port()}"
    process = start({"ADIEU_DATA_DIR": str(tmp_path / "data"), "ADIEU_BIND": free, **settings})
    said, _ = process.communicate(timeout=SECONDS_TO_END)
    assert re.fullmatch(line + "\n", said), said
    assert process.returncode == 2


def test_taken_port_is_one_line(served: Served, tmp_path: Path) -> None:
    bind = served.url.removeprefix("http://")
    process = start({"ADIEU_DATA_DIR": str(tmp_path / "data"), "ADIEU_BIND": bind})
    said, _ = process.communicate(timeout=SECONDS_TO_END)
    assert said == f"adieu: ADIEU_BIND: {bind} cannot be used (Address already in use).\n"
    assert process.returncode == 2


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_it_ends_everything(tmp_path: Path, sign: signal.Signals) -> None:
    with serve(tmp_path) as running:
        family = psutil.Process(running.process.pid).children(recursive=True)
        assert len(family) >= 3
        os.kill(running.process.pid, sign)
        running.process.wait(timeout=SECONDS_TO_END)
        _, alive = psutil.wait_procs(family, timeout=SECONDS_TO_END)
        assert alive == []
        assert running.process.returncode == (-signal.SIGKILL if sign == signal.SIGKILL else 0)


def test_what_dies_is_started_again(tmp_path: Path) -> None:
    with serve(tmp_path) as running:
        parent = psutil.Process(running.process.pid)
        web = next(child for child in parent.children() if "web" in child.cmdline())
        workers = web.children()
        web.kill()
        # The processes behind it must not keep the port.
        _, alive = psutil.wait_procs([web, *workers], timeout=SECONDS_TO_END)
        assert alive == []
        _until_it_answers(running)
        assert "The web process ended (SIGKILL); it starts again in 1 s." in running.log


def _until_it_answers(running: Served) -> None:
    for _ in range(600):
        try:
            fetch(f"{running.url}/accounts/login/")
        except OSError:
            with suppress(subprocess.TimeoutExpired):
                running.process.wait(timeout=0.05)
                break
        else:
            return
    raise AssertionError(running.log)


def test_a_lost_vault_stops_the_start(tmp_path: Path) -> None:
    """Beside accounts, a new vault would show everyone as deleted and take nobody's mail."""
    settings = {"ADIEU_DATA_DIR": str(tmp_path / "data"), "ADIEU_BIND": f"127.0.0.1:{free_port()}"}
    assert start(settings, "migrate").wait(SECONDS_TO_START) == 0
    make = (
        "from adieu.accounts.operations import register; from django.utils import timezone;"
        "register(address='alice@example.org', password='a long walk in the rain', now=timezone.now())"
    )
    assert start(settings, "django", "shell", "-c", make).wait(SECONDS_TO_START) == 0
    for path in (tmp_path / "data").glob("vault.sqlite3*"):
        path.unlink()
    refused = start(settings)
    said, _ = refused.communicate(timeout=SECONDS_TO_START)
    assert refused.returncode == 2
    assert said.count("\n") == 1
    assert "vault.sqlite3 is gone" in said
