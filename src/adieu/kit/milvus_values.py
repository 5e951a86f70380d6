"""How the settings of a Milvus server are read."""

from adieu.kit.setting_values import NotAValue, port_of, url_of

PORT = 19530
# What an operator says of a server that will never be there again.
GONE = "gone"


def server(value: str) -> str:
    """Read the address of a Milvus server, or the word for one that is gone for good."""
    if value == GONE:
        return value
    expected = f"http://HOST:PORT or https://HOST:PORT, or the word {GONE}"
    parts = url_of(value, schemes=("http", "https"), expected=expected)
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise NotAValue("must be scheme, host and port only; the token stands in ADIEU_MILVUS_TOKEN")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{port_of(parts) or PORT}"


def token(value: str) -> str:
    """Read `NAME:PASSWORD` of whoever may do everything on a Milvus server."""
    name, _, password = value.partition(":")
    if not (name and password and value.isprintable()):
        raise NotAValue("must be NAME:PASSWORD, for example root and its password")
    return value
