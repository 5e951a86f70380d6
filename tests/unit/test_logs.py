"""The log tells what broke and where, and nothing of whom or which link (Rules P1, D10)."""

import logging
import logging.config
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.http import HttpRequest, HttpResponse
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


urlpatterns = [path("deletions/<secret>/", crash)]


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
