"""Passes: one account may use one thing for a moment. Nobody stores them; a signature tells who made them."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

PREFIX = "adieu-pass_"
PURPOSE = b"adieu/cluster-pass/v1"
# The account, the thing, and milliseconds since 1970.
CONTENT_BYTES = 16 + 16 + 8
TAG_BYTES = 32


class NotAPass(ValueError):
    """This was not made here, or was changed."""


@dataclass(frozen=True)
class Pass:
    """Who may use what, and until when."""

    account_id: UUID
    cluster_id: UUID
    until: datetime


def is_like_a_pass(token: str) -> bool:
    """Tell whether a token means to be a pass."""
    return token.startswith(PREFIX)


def sign(made: Pass, *, key: bytes) -> str:
    """Give a pass as a token."""
    until = int(made.until.timestamp() * 1000)
    content = made.account_id.bytes + made.cluster_id.bytes + until.to_bytes(8)
    return PREFIX + base64.urlsafe_b64encode(content + _tag(content, key)).decode()


def read(token: str, *, key: bytes) -> Pass:
    """Give what a token says; whether it still holds is for the caller to see.

    Raises:
        NotAPass: it was not signed with this key.
    """
    try:
        raw = base64.b64decode(token.removeprefix(PREFIX), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAPass from error
    content, tag = raw[:CONTENT_BYTES], raw[CONTENT_BYTES:]
    if len(raw) != CONTENT_BYTES + TAG_BYTES or not hmac.compare_digest(_tag(content, key), tag):
        raise NotAPass
    until = datetime.fromtimestamp(int.from_bytes(content[32:]) / 1000, UTC)
    return Pass(UUID(bytes=content[:16]), UUID(bytes=content[16:32]), until)


def _tag(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, PURPOSE + content, hashlib.sha256)
