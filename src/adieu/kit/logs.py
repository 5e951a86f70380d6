"""The log holds nothing of a person and no secret link (Rules P1, D10).

A line holds the time, the level, the event's name, the request's opaque id, opaque fields, and of
an exception its type and where it went through the code. Messages are left out, also those of other
people's code: they quote paths, queries and values.
"""

import logging
import re
import secrets
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

current_request: ContextVar[str] = ContextVar("current_request", default="")

EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")
SHOWN = int | bool | float | UUID


def record(
    event: str, *, level: int = logging.INFO, exception: BaseException | None = None, **fields: SHOWN
) -> None:
    """Write one event to the log.

    Args:
        event: `subject.event`.
        exception: its type and places are logged, its message is not.
        fields: numbers and opaque ids only.
    """
    logging.getLogger("adieu").log(level, event, exc_info=exception, extra={"opaque": fields})


class OpaqueHandler(logging.Handler):
    """Writes to standard error, or not at all.

    Python's own handler answers a failed write by printing the message and its values.
    """

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Exception):
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()


class OpaqueFormatter(logging.Formatter):
    """Writes a line of what may be known."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(_words(self, record))


def request_id_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Give each request an opaque id: in the log, the response, and `request.request_id` for error pages."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request_id = secrets.token_hex(6)
        request.request_id = request_id  # type: ignore[attr-defined]
        token = current_request.set(request_id)
        try:
            response = get_response(request)
        finally:
            current_request.reset(token)
        response["X-Request-ID"] = request_id
        return response

    return middleware


def configuration(*, level: str = "INFO") -> dict[str, Any]:
    """Return the configuration of Python's logging, for every process of ours."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"opaque": {"()": "adieu.kit.logs.OpaqueFormatter"}},
        "handlers": {"standard_error": {"()": "adieu.kit.logs.OpaqueHandler", "formatter": "opaque"}},
        "root": {"handlers": ["standard_error"], "level": "WARNING"},
        "loggers": {
            "adieu": {"level": level},
            # Refused requests are no news: whoever asks for what is not there would fill the log.
            "django.request": {"level": "ERROR"},
            "django.security": {"level": "CRITICAL"},
            "_granian": {"level": "WARNING"},
        },
    }


def write_crashes_opaquely() -> None:
    """Make Python's own last words follow the same rule."""
    sys.excepthook = _log_crash


def _log_crash(kind: type[BaseException], exception: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.exit(130)
    record("process.crashed", level=logging.CRITICAL, exception=exception)


def _words(formatter: logging.Formatter, record: logging.LogRecord) -> Iterator[str]:
    yield formatter.formatTime(record, "%Y-%m-%dT%H:%M:%S%z")
    yield record.levelname
    yield _event(record)
    if current_request.get():
        yield f"request={current_request.get()}"
    yield from _opaque_fields(record)
    if record.exc_info and record.exc_info[1]:
        yield from _exception(record.exc_info[1])


def _event(record: logging.LogRecord) -> str:
    if record.name == "adieu" and EVENT.fullmatch(str(record.msg)):
        return str(record.msg)
    return f"{record.name}:{record.lineno}"


def _opaque_fields(record: logging.LogRecord) -> Iterator[str]:
    fields: Mapping[str, object] = getattr(record, "opaque", {})
    status = getattr(record, "status_code", None)
    for name, value in {**fields, **({"status": status} if status else {})}.items():
        if isinstance(value, SHOWN):
            yield f"{name}={value}"


def _exception(exception: BaseException | None) -> Iterator[str]:
    while exception is not None:
        yield f"exception={type(exception).__module__}.{type(exception).__qualname__}"
        frames = traceback.extract_tb(exception.__traceback__)
        yield "at=" + ",".join(f"{_short(frame.filename)}:{frame.lineno}" for frame in frames[-12:])
        exception = exception.__cause__ or exception.__context__


def _short(filename: str) -> str:
    return "/".join(Path(filename).parts[-3:])
