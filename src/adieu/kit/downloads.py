"""Files that are written while they are downloaded."""

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import StreamingHttpResponse

# What a spreadsheet takes for the start of a formula, or drops before one (OWASP, CSV Injection); the wide
# forms are what some of them turn into these.
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_row(cells: Sequence[str]) -> str:
    """Write one row of a CSV file (RFC 4180) in which nothing can be run as a formula.

    A cell that begins like one gets a leading apostrophe.
    """
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow([_harmless(cell) for cell in cells])
    return line.getvalue()


def download(parts: Iterable[str], *, name: str, media_type: str) -> StreamingHttpResponse:
    """Answer with a file that is written while it goes out.

    Args:
        parts: Its text, piece by piece.
        name: What the file is called; letters of ASCII, digits, dots and dashes.
        media_type: What it is.
    """
    response = StreamingHttpResponse(parts, content_type=f"{media_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(STARTS_A_FORMULA) else cell
