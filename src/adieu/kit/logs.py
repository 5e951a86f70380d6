"""The log holds nothing of a person and no secret link (Rules P1, D10).

A line holds the time, the level, the event's name, the request's opaque id, opaque fields, and of
an exception its type, its number and where it went through the code. Messages are left out, also those of
other people's code: they quote paths, queries and values.
"""

import errno
import logging
import logging.config
import re
import secrets
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from smtplib import SMTPRecipientsRefused
from types import TracebackType
from typing import Any, TextIO, cast
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse

from adieu.kit.errors import Fact

current_request: ContextVar[str] = ContextVar("current_request", default="")

EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")
# What programmers give names to: loggers, classes. Anything else in such a place was made of data.
CODE_NAME = re.compile(r"[\w.<>-]{1,120}", re.ASCII)
# The numbers that databases, mail servers and the system give to errors, by attribute (PEP 249, SQLSTATE).
NUMBERS = {"sqlstate": r"[0-9A-Z]{5}", "sqlite_errorname": r"SQLITE_[A-Z_]{1,40}", "smtp_code": r"\d{3}"}
LONGEST_CHAIN = 8
LONGEST_WAY = 12
LAST_STEPS = 3
OURS = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Place:
    """A line of code."""

    file: str
    line: int

    def __str__(self) -> str:
        parts = [part for part in Path(self.file).parts[-3:] if part != "/"]
        is_code = all(CODE_NAME.fullmatch(part) for part in parts)
        return f"{'/'.join(parts) if is_code else '?'}:{self.line}"


SHOWN = int | bool | float | UUID | Place | type


def record(
    event: str, *, level: int = logging.INFO, exception: BaseException | None = None, **fields: SHOWN
) -> None:
    """Write one event to the log.

    Args:
        event: `subject.event`, in words that stand in the code; `docs/reference/logs.md` lists them.
        exception: its type, number and places are logged, its message is not.
        fields: numbers, opaque ids, classes and places only.
    """
    logging.getLogger("adieu").log(level, event, exc_info=exception, extra={"opaque": fields})


def numbers(exception: BaseException) -> Iterator[str]:
    """Give what others' errors say in numbers, as `name=value`."""
    for name, form in NUMBERS.items():
        value = str(getattr(exception, name, ""))
        if re.fullmatch(form, value):
            yield f"{name}={value}"
    if isinstance(exception, SMTPRecipientsRefused):
        yield from (
            f"smtp_code={int(code)}" for code in sorted({code for code, _ in exception.recipients.values()})
        )
    if isinstance(exception, OSError) and (known := errno.errorcode.get(exception.errno or 0)):
        yield f"errno={known}"


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
        # What is written while it goes out runs when Django looks no more.
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            parts = cast("Iterable[bytes]", response.streaming_content)
            response.streaming_content = _watched(parts, request_id)
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
            # Django brings handlers of its own for these two, which write what they are told.
            "django": {"level": "WARNING"},
            "django.server": {"level": "WARNING", "propagate": True},
            # Refused requests are no news: whoever asks for what is not there would fill the log.
            "django.request": {"level": "ERROR"},
            "django.security": {"level": "CRITICAL"},
            "_granian": {"level": "WARNING"},
        },
    }


def take_over() -> None:
    """Have all that this process says by itself follow the same rule, to its last words."""
    logging.config.dictConfig(configuration())
    write_crashes_opaquely()


def write_crashes_opaquely() -> None:
    """Log what Python would print: what ends a process or a thread, what nobody can catch, warnings."""
    sys.excepthook = _log_crash
    threading.excepthook = _log_crash_of_thread
    sys.unraisablehook = _log_unraisable
    warnings.showwarning = _log_warning


def _log_crash(kind: type[BaseException], exception: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.exit(130)
    record("process.crashed", level=logging.CRITICAL, exception=exception)


def _log_crash_of_thread(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is not None:
        record("thread.crashed", level=logging.CRITICAL, exception=crash.exc_value)


def _log_unraisable(lost: "sys.UnraisableHookArgs") -> None:
    if lost.exc_value is not None:
        record("exception.lost", level=logging.ERROR, exception=lost.exc_value)


def _log_warning(  # noqa: PLR0917 - the signature of Python's own
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    record("python.warned", level=logging.WARNING, category=category, at=Place(filename, lineno))


def _watched(parts: Iterable[bytes], request_id: str) -> Iterator[bytes]:
    try:
        yield from parts
    except Exception as error:
        token = current_request.set(request_id)
        level = logging.INFO if isinstance(error, Fact) else logging.ERROR
        record("response.broke_off", level=level, exception=error)
        current_request.reset(token)
        raise


def _words(formatter: logging.Formatter, record: logging.LogRecord) -> Iterator[str]:
    yield formatter.formatTime(record, "%Y-%m-%dT%H:%M:%S%z")
    yield logging.getLevelName(record.levelno)
    yield _event(record)
    if current_request.get():
        yield f"request={current_request.get()}"
    yield from _opaque_fields(record)
    if record.exc_info and record.exc_info[1]:
        yield from _exceptions(record.exc_info[1])


def _event(record: logging.LogRecord) -> str:
    # Only `record` above sets `opaque`; what others log under our name may be anything.
    if hasattr(record, "opaque") and EVENT.fullmatch(str(record.msg)):
        return str(record.msg)
    return "request.failed" if record.name == "django.request" else "library.said"


def _opaque_fields(record: logging.LogRecord) -> Iterator[str]:
    fields: Mapping[str, object] | None = getattr(record, "opaque", None)
    if fields is None:
        fields = {"logger": _name(record.name), "at": Place(record.pathname, record.lineno)}
        yield from (f"{name}={value}" for name, value in fields.items())
        fields = {"status": getattr(record, "status_code", None)}
    for name, value in fields.items():
        if isinstance(value, SHOWN):
            yield f"{name}={_type(value) if isinstance(value, type) else value}"


def _exceptions(exception: BaseException) -> Iterator[str]:
    """Tell of an exception and of what led to it, each once."""
    waiting: list[BaseException | None] = [exception]
    told: set[int] = set()
    while waiting and len(told) < LONGEST_CHAIN:
        each = waiting.pop(0)
        if each is None or id(each) in told:
            continue
        told.add(id(each))
        yield from _exception(each)
        waiting.append(each.__cause__ or each.__context__)
        waiting += each.exceptions if isinstance(each, BaseExceptionGroup) else ()


def _exception(exception: BaseException) -> Iterator[str]:
    yield f"exception={_type(type(exception))}"
    yield from numbers(exception)
    # Walked by hand: `extract_tb` would read the source files, which may be what fails.
    trace = traceback.walk_tb(exception.__traceback__)
    way = [Place(frame.f_code.co_filename, line) for frame, line in trace]
    # Our own code, and where it ended: what lies between is the inside of libraries.
    told = [place for place in way[:-LAST_STEPS] if place.file.startswith(OURS)] + way[-LAST_STEPS:]
    yield f"at={','.join(map(str, told[-LONGEST_WAY:]))}"


def _type(kind: type) -> str:
    return _name(f"{kind.__module__}.{kind.__qualname__}")


def _name(name: str) -> str:
    return name if CODE_NAME.fullmatch(name) else "?"
