"""Codes that nobody stores: each is derived when it is mailed and again when it is checked (Rule D4)."""

import hashlib
import hmac
from uuid import UUID

DIGITS = 8
PURPOSE = b"adieu/deletion-code/v1"


def derive_code(*, key: bytes, request_id: UUID, number: int) -> str:
    """Give the code of one sending.

    Args:
        key: The installation's key for codes.
        request_id: The deletion request that the code is bound to.
        number: Which sending it is, from 1.

    Returns:
        Eight digits. A 256-bit value modulo 10**8 is uniform to within 2**-229.
    """
    message = PURPOSE + request_id.bytes + number.to_bytes(4, "big")
    value = int.from_bytes(hmac.digest(key, message, hashlib.sha256), "big")
    return str(value % 10**DIGITS).zfill(DIGITS)


def is_code(typed: str, *, expected: str) -> bool:
    """Tell in constant time whether what was typed is the code; spaces and dashes are forgiven."""
    bare = "".join(character for character in typed[:64] if character not in " -\u00a0\t\r\n")
    return hmac.compare_digest(bare.encode(), expected.encode())
