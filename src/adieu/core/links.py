"""The unguessable link to one deletion (Rule D10): derived from a key and the id, never stored."""

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

PURPOSE = b"adieu/farewell-link/v1"
TAG_BYTES = 18
TOKEN_LENGTH = 46


class NotAFarewellLink(ValueError):
    """This link does not lead to a deletion."""


def farewell_token(*, key: bytes, deletion_id: UUID) -> str:
    """Give the secret part of the link: the id and 144 bits of HMAC over it, in URL-safe base64."""
    tag = hmac.digest(key, PURPOSE + deletion_id.bytes, hashlib.sha256)[:TAG_BYTES]
    return base64.urlsafe_b64encode(deletion_id.bytes + tag).rstrip(b"=").decode()


def read_farewell_token(token: str, *, key: bytes) -> UUID:
    """Give the deletion's id.

    Raises:
        NotAFarewellLink: the token was not made with this key.
    """
    if len(token) != TOKEN_LENGTH or not token.isascii():
        raise NotAFarewellLink
    try:
        raw = base64.urlsafe_b64decode(token + "==")
    except (binascii.Error, ValueError) as error:
        raise NotAFarewellLink from error
    deletion_id = UUID(bytes=raw[:16])
    if not hmac.compare_digest(farewell_token(key=key, deletion_id=deletion_id), token):
        raise NotAFarewellLink
    return deletion_id
