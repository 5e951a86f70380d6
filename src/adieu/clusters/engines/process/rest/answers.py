"""What a request gets: the answers and errors of Milvus, with its own codes."""

import json
from dataclasses import dataclass
from enum import IntEnum
from http import HTTPStatus
from typing import Any


class Code(IntEnum):
    """The codes of Milvus that are given here; others come from the engine."""

    UNAVAILABLE = 2
    NOT_OFFERED = 10
    INVALID = 1100
    NOT_AUTHENTICATED = 1800
    NOT_READABLE = 1801
    MISSING = 1802
    WRONG_ROWS = 1804
    WRONG_KEY = 1806
    TOO_MUCH = 1807
    UNEXPECTED = 65535


# What Milvus says first, before it says what it means.
WORDS = {
    Code.NOT_READABLE: "can only accept json format request",
    Code.MISSING: "missing required parameters",
    Code.WRONG_ROWS: "fail to deal the insert data",
    Code.WRONG_KEY: "the primary key does not fit",
    Code.TOO_MUCH: "request is rejected by limiter",
    Code.INVALID: "invalid parameter",
}


CUT = "This API key was revoked, or whether it still holds could not be found out."


class Refused(Exception):
    """A request is not carried out; says why. Milvus gives most errors with the status 200."""

    def __init__(self, code: int, message: str, *, status: HTTPStatus = HTTPStatus.OK) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def refusal(code: Code, what: str, *, status: HTTPStatus = HTTPStatus.OK) -> Refused:
    """Make a refusal in the words of Milvus."""
    words = WORDS.get(code)
    return Refused(code, f"{words}, error: {what}" if words else what, status=status)


def not_let_in(why: str) -> Refused:
    """Make the refusal of a caller who may not use the cluster."""
    return Refused(Code.NOT_AUTHENTICATED, why, status=HTTPStatus.UNAUTHORIZED)


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    status: HTTPStatus
    body: bytes


def carried_out(fields: dict[str, Any]) -> Answer:
    """Answer a request that was carried out."""
    return Answer(HTTPStatus.OK, json.dumps({"code": 0, **fields}, ensure_ascii=False).encode())


def refused(refusal: Refused) -> Answer:
    """Answer a request that was not."""
    # A message may quote half a character of the request.
    message = refusal.message.encode("utf-8", "replace").decode()
    body = json.dumps({"code": int(refusal.code), "message": message}, ensure_ascii=False)
    return Answer(refusal.status, body.encode())
