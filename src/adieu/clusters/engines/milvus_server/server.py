"""The operator's Milvus server, and how it is reached."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import grpc

SERVICE = "milvus.proto.milvus.MilvusService"
DEFAULT_PORT = 19530


@dataclass(frozen=True)
class Server:
    """Where it is, and the token of its root, which only whoever keeps clusters running has."""

    uri: str
    token: str = field(repr=False)
    # Whether the operator says that it and all its data will never be there again.
    is_gone: bool = False


def open_channel(uri: str, *, most_sent: int, most_received: int) -> grpc.Channel:
    """Open a way to a server; nothing is sent before the first call."""
    parts = urlsplit(uri)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    target = f"{host}:{parts.port or DEFAULT_PORT}"
    options = [
        ("grpc.max_send_message_length", most_sent),
        ("grpc.max_receive_message_length", most_received),
        # A server that is back is found soon.
        ("grpc.max_reconnect_backoff_ms", 2000),
        ("grpc.enable_retries", 0),
        # The system's proxy is for the way out, not for a server of the house.
        ("grpc.enable_http_proxy", 0),
    ]
    if parts.scheme == "https":
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(), options=options)
    return grpc.insecure_channel(target, options=options)
