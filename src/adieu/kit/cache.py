"""The cache's keys go through the pepper: third-party code puts addresses into them (Rule A8)."""

import hashlib
import hmac

from django.conf import settings


def peppered_key(key: str, key_prefix: str, version: int) -> str:
    """Make the stored key of a cache entry; Django calls it for every access."""
    pepper = settings.PEPPERS[max(settings.PEPPERS)]
    plain = f"cache\0{key_prefix}\0{version}\0{key}"
    return hmac.new(pepper, plain.encode(), hashlib.sha256).hexdigest()
