"""The head of a request: what is asked, by whom, and how much follows."""

import base64
import binascii
import http.client
import re
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from io import BytesIO

from adieu.clusters.engines.process.rest.answers import Code, Refused, refusal

END = b"\r\n\r\n"
# What one reader takes for the end of a line, and another does not: a line feed or a return alone, and lines
# that go on. Whoever stands before the cluster and reads it otherwise would see other requests.
UNCLEAR = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]|\0")
VERSIONS = {"HTTP/1.0", "HTTP/1.1"}
NO = {"0", "f", "false"}


@dataclass(frozen=True)
class Head:
    """What the head of a request says."""

    method: str
    path: str
    token: str
    length: int
    # Whether the client can read integers of 64 bits; otherwise it gets them as strings.
    reads_int64: bool
    is_last: bool
    waits_for_go: bool


def read_head(raw: bytes) -> Head:
    """Read a head.

    Raises:
        Refused: it is none, or says what is not understood here.
    """
    if UNCLEAR.search(raw):
        raise _bad("the headers cannot be read")
    line, _, rest = raw.partition(b"\r\n")
    words = line.decode("latin-1").split(" ")
    if len(words) != 3 or words[2] not in VERSIONS:  # noqa: PLR2004 - method, path and version
        raise _bad("this is no request of HTTP/1.1")
    headers = _headers(rest)
    connection = headers.get("Connection", "").lower()
    return Head(
        method=words[0],
        path=words[1].partition("?")[0],
        token=_token(headers.get_all("Authorization", [])),
        length=_length(headers),
        reads_int64=headers.get("Accept-Type-Allow-Int64", "").lower() not in NO,
        is_last="close" in connection or (words[2] == "HTTP/1.0" and "keep-alive" not in connection),
        waits_for_go=headers.get("Expect", "").lower() == "100-continue",
    )


def _headers(raw: bytes) -> Message:
    try:
        headers = http.client.parse_headers(BytesIO(raw))
    except http.client.HTTPException:
        raise _bad("the headers are too many or too long") from None
    if headers.defects:
        raise _bad("the headers cannot be read")
    return headers


def _length(headers: Message) -> int:
    if headers.get_all("Transfer-Encoding"):
        raise _bad("send the body in one piece, with its Content-Length", HTTPStatus.LENGTH_REQUIRED)
    said = headers.get_all("Content-Length", ["0"])
    if len(said) != 1 or not (said[0].isascii() and said[0].isdigit() and len(said[0]) <= 18):  # noqa: PLR2004
        raise _bad("the Content-Length is no length")
    return int(said[0])


def _token(said: list[str]) -> str:
    """Give the API key: as a bearer, or as a password of whatever user; nothing, if it is not clear."""
    if len(said) != 1:
        return ""
    kind, _, value = said[0].partition(" ")
    if kind.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            return ""
    elif kind.lower() != "bearer":
        value = said[0]
    return value.strip().rpartition(":")[2]


def _bad(what: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Refused:
    return refusal(Code.NOT_READABLE, what, status=status)
