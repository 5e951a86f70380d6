"""The log tells what broke and where, and nothing of whom or which link (Rules P1, D10)."""

import errno
import gc
import logging
import logging.config
import smtplib
import sqlite3
import sys
import threading
import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings

from adieu.kit import logs

ADDRESS = "alice@example.org"
SECRET = "4Hq7w0-the-secret-part-of-a-link"


def crash(request: HttpRequest, secret: str) -> HttpResponse:
    try:
        raise KeyError(ADDRESS)
    except KeyError as error:
        raise ValueError(f"no such person: {ADDRESS}") from error


def break_off(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        yield "a part"
        raise ValueError(ADDRESS)

    return StreamingHttpResponse(parts())


urlpatterns = [path("deletions/<secret>/", crash), path("export/", break_off)]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Standard error, with our logging pointed at it."""
    logging.config.dictConfig(logs.configuration())
    yield capsys
    for handler in list(logging.getLogger().handlers):
        logging.getLogger().removeHandler(handler)


def test_crash_tells_place_and_types_only(log: pytest.CaptureFixture[str], settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["adieu.kit.logs.request_id_middleware"]
    response = Client(raise_request_exception=False).get(f"/deletions/{SECRET}/?email={ADDRESS}")
    written = log.readouterr().err
    assert response.status_code == 500
    assert f"request={response['X-Request-ID']}" in written
    assert "exception=builtins.ValueError" in written
    assert "exception=builtins.KeyError" in written
    assert "test_logs.py:" in written
    assert "status=500" in written
    assert ADDRESS not in written
    assert "alice" not in written
    assert SECRET not in written
    assert written.count("\n") == 1


def test_missing_page_is_no_news(log: pytest.CaptureFixture[str], settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    assert Client().get(f"/nowhere/{SECRET}").status_code == 404
    assert log.readouterr().err == ""


def test_messages_of_others_are_left_out(log: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("django.db.backends").error("duplicate key %s", ADDRESS)
    logging.getLogger("adieu").error("Mail to %s failed", ADDRESS)
    logging.getLogger("somewhere").error(f"Mail to {ADDRESS} failed")  # noqa: G004
    written = log.readouterr().err
    assert ADDRESS not in written
    assert "Mail" not in written
    assert " ERROR library.said logger=django.db.backends at=" in written


def test_event_with_opaque_fields(log: pytest.CaptureFixture[str]) -> None:
    notice = UUID(int=7)
    logs.record("notice.given_up", level=logging.WARNING, notice=notice, attempts=3, address=ADDRESS)  # type: ignore[arg-type]
    written = log.readouterr().err
    assert f" WARNING notice.given_up notice={notice} attempts=3\n" in written
    assert ADDRESS not in written


def test_crash_of_a_process(log: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(ADDRESS)
    except ValueError as error:
        logs._log_crash(type(error), error, error.__traceback__)
    written = log.readouterr().err
    assert " CRITICAL process.crashed exception=builtins.ValueError at=" in written
    assert ADDRESS not in written


def caught(error: BaseException) -> BaseException:
    """Raise it, so that it has a place."""
    try:
        raise error
    except BaseException as raised:  # noqa: BLE001 - also those that end a program
        return raised


def test_response_that_breaks_off_while_it_goes_out(
    log: pytest.CaptureFixture[str], settings: Settings
) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["adieu.kit.logs.request_id_middleware"]
    response: Any = Client().get("/export/")
    with pytest.raises(ValueError, match=ADDRESS):
        list(response.streaming_content)
    written = log.readouterr().err
    assert f" ERROR response.broke_off request={response['X-Request-ID']} exception=builtins.Val" in written
    assert ADDRESS not in written


def test_crash_of_a_thread(log: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def crash() -> None:
        raise ValueError(ADDRESS)

    with_hooks(monkeypatch)
    thread = threading.Thread(target=crash, name=ADDRESS)
    thread.start()
    thread.join()
    written = log.readouterr().err
    assert " CRITICAL thread.crashed exception=builtins.ValueError at=" in written
    assert "test_logs.py:" in written
    assert ADDRESS not in written


def test_exception_that_nobody_can_catch(
    log: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Grave:
        def __del__(self) -> None:
            raise ValueError(ADDRESS)

    with_hooks(monkeypatch)
    Grave()
    gc.collect()
    written = log.readouterr().err
    assert " ERROR exception.lost exception=builtins.ValueError at=" in written
    assert ADDRESS not in written


def test_warning(log: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        with_hooks(monkeypatch)
        warnings.simplefilter("always")
        warnings.warn(f"{ADDRESS} is out of date", DeprecationWarning, stacklevel=1)
    written = log.readouterr().err
    assert " python.warned category=builtins.DeprecationWarning at=tests/unit/test_logs.py:" in written
    assert ADDRESS not in written


def with_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the hooks for one test."""
    for module, name in (
        (sys, "excepthook"),
        (sys, "unraisablehook"),
        (threading, "excepthook"),
        (warnings, "showwarning"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))
    logs.write_crashes_opaquely()


NUMBERED = [
    (sqlite3.IntegrityError(f"UNIQUE constraint failed: {ADDRESS}"), ""),
    (OSError(errno.ENOSPC, "No space", f"/home/{ADDRESS}"), "errno=ENOSPC"),
    (smtplib.SMTPDataError(552, ADDRESS.encode()), "smtp_code=552"),
    (smtplib.SMTPRecipientsRefused({ADDRESS: (550, ADDRESS.encode())}), "smtp_code=550"),
]


@pytest.mark.parametrize(("error", "number"), NUMBERED, ids=lambda value: type(value).__name__)
def test_error_tells_its_number(log: pytest.CaptureFixture[str], error: Exception, number: str) -> None:
    logs.record("something.broke", exception=caught(error))
    written = log.readouterr().err
    assert f"exception={type(error).__module__}.{type(error).__name__} {number}".strip() in written
    assert "alice" not in written


def test_attributes_that_are_no_numbers_are_left_out(log: pytest.CaptureFixture[str]) -> None:
    error = ValueError()
    for name in logs.NUMBERS:
        setattr(error, name, ADDRESS)
    logs.record("something.broke", exception=caught(error))
    assert "alice" not in log.readouterr().err


def test_chain_and_group_are_told_once(log: pytest.CaptureFixture[str]) -> None:
    first, second = caught(KeyError(ADDRESS)), caught(LookupError(ADDRESS))
    first.__cause__, second.__cause__ = second, first
    group = caught(BaseExceptionGroup(ADDRESS, [first, caught(TypeError(ADDRESS))]))
    logs.record("something.broke", exception=group)
    written = log.readouterr().err
    assert [written.count(f"{kind}Error at") for kind in ("Key", "Lookup", "Type")] == [1, 1, 1]
    assert ADDRESS not in written


def test_names_that_are_made_of_data_are_left_out(log: pytest.CaptureFixture[str]) -> None:
    kind = type(f"Error of {ADDRESS}", (Exception,), {})
    logs.record("something.broke", exception=caught(kind()))
    logging.getLogger(f"mail to {ADDRESS}").error("failed")
    exec(compile("import logging; logging.getLogger('x').error('failed')", f"/{ADDRESS}", "exec"))  # noqa: S102
    written = log.readouterr().err
    assert "exception=? at=" in written
    assert "logger=? at=" in written
    assert "alice" not in written
    assert written.count("\n") == 3


def test_event_is_never_a_message(log: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("adieu").error("alice.smith")
    assert "alice" not in log.readouterr().err


def test_django_keeps_no_handler_of_its_own(log: pytest.CaptureFixture[str]) -> None:
    """Its own ones write messages to the console, or send them by mail."""
    for name in ("django", "django.server", "django.request", "django.security"):
        assert logging.getLogger(name).handlers == []


def test_interrupt_ends_quietly() -> None:
    trace: TracebackType | None = None
    with pytest.raises(SystemExit) as ended:
        logs._log_crash(KeyboardInterrupt, KeyboardInterrupt(), trace)
    assert ended.value.code == 130
