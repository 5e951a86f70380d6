"""How the settings of where clusters listen are read."""

import ipaddress
import re
import ssl
from pathlib import Path

from adieu.kit.setting_values import NotAValue

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# Before it stand the 36 characters of an id, and a dot.
LONGEST_DOMAIN = 253 - 37


def address(value: str) -> str:
    """Read an IP address to listen at."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise NotAValue("must be an IP address, for example 0.0.0.0") from None


def domain(value: str) -> str:
    """Read a domain under which clusters have their names."""
    name = value.lower().rstrip(".")
    labels = name.split(".")
    if len(labels) < 2 or len(name) > LONGEST_DOMAIN or not all(map(LABEL.fullmatch, labels)):  # noqa: PLR2004
        raise NotAValue("must be a domain, for example vectors.example.org")
    return name


def require_pair(certificate: Path, key: Path) -> None:
    """Refuse a certificate that cannot be used with its key.

    Raises:
        NotAValue: they cannot be read, do not fit each other, or the key has a password.
    """
    try:
        # A key with a password would have it asked for at a terminal.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            certificate, key, password=lambda: b""
        )
    except OSError:
        raise NotAValue("cannot be used: it is no certificate in PEM, or its key does not fit it") from None
