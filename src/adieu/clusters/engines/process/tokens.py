"""The token of a call, as Milvus' clients send it."""

import base64
import binascii
from collections.abc import Iterable

HEADER = "authorization"


def authorization(token: str) -> tuple[str, str]:
    """Say who calls, as Milvus' clients do."""
    return HEADER, base64.b64encode(token.encode()).decode()


def token_of(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Give the token that a call came with, or the empty one, which opens nothing.

    pymilvus sends base64 of `token=`, or of `user:password`; then the password is the token.
    """
    sent = [value for key, value in metadata if key == HEADER]
    if len(sent) != 1:
        return ""
    raw = sent[0].encode() if isinstance(sent[0], str) else sent[0]
    try:
        token = base64.b64decode(raw, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return token.rpartition(":")[2]
