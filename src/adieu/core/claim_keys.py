"""The key of an identity claim: what remains of an identifier, readable by nobody (Rule C1)."""

import hashlib
import hmac


def claim_key(*, pepper: bytes, kind: str, canonical: str) -> str:
    """Give the key of an identifier as 64 hexadecimal digits.

    Args:
        pepper: the secret; without it nobody can find out by trying which addresses are claimed.
        kind: what sort of identifier it is, such as "email".
        canonical: its canonical form.
    """
    # The kind's length goes first: no kind and identifier run together like another pair.
    kind_bytes = kind.encode()
    # What was typed and is no address gets a key, too; a lone surrogate in it must not stop that.
    message = len(kind_bytes).to_bytes(4) + kind_bytes + canonical.encode(errors="surrogatepass")
    return hmac.digest(pepper, message, hashlib.sha256).hex()
