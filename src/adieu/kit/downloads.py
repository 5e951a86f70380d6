"""Files that are written while they are downloaded."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from django.http import HttpRequest, StreamingHttpResponse

from adieu.kit.errors import Fact
from adieu.kit.who import is_still_let_in

# What a spreadsheet takes for the start of a formula, or drops before one (OWASP, CSV Injection); the wide
# forms are what some of them turn into these.
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

BROKEN_OFF = "This file is not complete: it broke off here.\n"


class NoLongerLetIn(Fact):
    """The session or API key that asked for this file has ended."""


def csv_row(cells: Sequence[str]) -> str:
    """Write one row of a CSV file (RFC 4180) in which nothing can be run as a formula.

    A cell that begins like one gets a leading apostrophe.
    """
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow([_harmless(cell) for cell in cells])
    return line.getvalue()


def download(
    request: HttpRequest, parts: Iterable[str], *, name: str, media_type: str
) -> StreamingHttpResponse:
    """Answer with a file that is written while it goes out, for as long as whoever asked is let in (Rule D7).

    Args:
        request: Who asked; the session or key it came with is looked up before each part.
        parts: Its text, piece by piece.
        name: What the file is called; letters of ASCII, digits, dots and dashes.
        media_type: What it is.
    """
    # The web server ends the answer as if it were whole, so the file itself has to say that it is not.
    content = _while_let_in(request, parts, last_words=(BROKEN_OFF,))
    response = StreamingHttpResponse(content, content_type=f"{media_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def download_file(
    request: HttpRequest, parts: Iterable[bytes], *, name: str, media_type: str, size: int
) -> StreamingHttpResponse:
    """Answer with a file that is there, for as long as whoever asked is let in (Rule D7).

    Args:
        request: Who asked; the session or key it came with is looked up before each part.
        parts: Its bytes, piece by piece.
        name: What the file is called; letters of ASCII, digits, dots and dashes.
        media_type: What it is.
        size: How many bytes it has, so that whoever gets fewer knows that it broke off.
    """
    response = StreamingHttpResponse(_while_let_in(request, parts, last_words=()), content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Length"] = str(size)
    return response


def _while_let_in[Part: (str, bytes)](
    request: HttpRequest, parts: Iterable[Part], *, last_words: Sequence[Part]
) -> Iterator[Part]:
    """Give each part after a look whether it may still go out, and the last words when it may not.

    Raises:
        NoLongerLetIn: it may not.
    """
    try:
        for part in parts:
            # After the part is made, which takes time, and right before it goes out.
            _require_still_let_in(request)
            yield part
    except Exception:
        yield from last_words
        raise


def _require_still_let_in(request: HttpRequest) -> None:
    if not is_still_let_in(request):
        raise NoLongerLetIn


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(STARTS_A_FORMULA) else cell
