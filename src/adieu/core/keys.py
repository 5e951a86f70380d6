"""Keys for one purpose each, from the one key of the installation."""

import hashlib
import hmac


def derive_key(root: bytes, purpose: str) -> bytes:
    """Give 32 bytes for a purpose: one block of HKDF-Expand over a uniformly random root key (RFC 5869)."""
    return hmac.digest(root, f"adieu/{purpose}".encode() + b"\x01", hashlib.sha256)
