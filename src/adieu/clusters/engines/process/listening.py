"""The server of one cluster: loopback only, with bounds on what strangers can make it hold.

Note [Bounds]
Whoever reaches the port can open connections and send bytes before they have shown a token. So connections
are counted, a greeting has to come in time, headers are small, and dead peers are noticed. Messages are
read only behind the door, by as many threads as there are, so at most that many are held at once; what
waits beyond is refused.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc

from adieu.clusters.engines.process.backends import Backend
from adieu.clusters.engines.process.door import Door
from adieu.clusters.engines.process.endings import Ending, UnableToServe

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Bounds:
    """What one cluster holds at most. The sizes of messages are those of Milvus."""

    threads: int = 10
    calls: int = 64
    connections: int = 512
    received_bytes: int = 64 * 2**20
    sent_bytes: int = 256 * 2**20
    header_bytes: int = 16 * 2**10
    seconds_to_greet: float = 10
    seconds_until_ping: float = 30
    seconds_to_answer_ping: float = 10
    seconds_idle: float = 300


def open_server(backend: Backend, door: Door, *, port: int, bounds: Bounds) -> grpc.Server:
    """Bind the port; nothing is answered before `start`.

    Raises:
        UnableToServe: another program has the port.
    """
    server = grpc.server(
        ThreadPoolExecutor(bounds.threads, thread_name_prefix="call"),
        interceptors=[door],
        options=_options(bounds),
        maximum_concurrent_rpcs=bounds.calls,
    )
    backend.add_to(server)
    try:
        server.add_insecure_port(f"{HOST}:{port}")
    except RuntimeError:
        raise UnableToServe(Ending.PORT_TAKEN) from None
    return server


def _options(bounds: Bounds) -> list[tuple[str, int]]:
    milliseconds = {
        "grpc.server_handshake_timeout_ms": bounds.seconds_to_greet,
        "grpc.http2.settings_timeout": bounds.seconds_to_greet,
        "grpc.keepalive_time_ms": bounds.seconds_until_ping,
        "grpc.keepalive_timeout_ms": bounds.seconds_to_answer_ping,
        "grpc.max_connection_idle_ms": bounds.seconds_idle,
        # pymilvus pings every ten seconds, also while it calls nothing. gRPC would throw it out for that.
        "grpc.http2.min_ping_interval_without_data_ms": 5,
    }
    counts = {
        # Otherwise two processes could share the port, and whoever came second would be handed tokens.
        "grpc.so_reuseport": 0,
        "grpc.max_allowed_incoming_connections": bounds.connections,
        "grpc.max_concurrent_streams": bounds.calls,
        "grpc.max_receive_message_length": bounds.received_bytes,
        "grpc.max_send_message_length": bounds.sent_bytes,
        "grpc.max_metadata_size": bounds.header_bytes,
        "grpc.absolute_max_metadata_size": bounds.header_bytes,
        "grpc.keepalive_permit_without_calls": 1,
    }
    return [*((name, int(seconds * 1000)) for name, seconds in milliseconds.items()), *counts.items()]
