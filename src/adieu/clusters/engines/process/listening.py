"""The server of one cluster, with bounds on what strangers can make it hold.

Note [Bounds]
Whoever reaches the port can open connections and send bytes before they have shown a token. So connections
are counted, a greeting has to come in time, headers are small, and dead peers are noticed. Messages are
read only behind the door, by as many threads as there are, so at most that many are held at once; what
waits beyond is refused.
"""

import resource
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import grpc

from adieu.clusters.engines import Place
from adieu.clusters.engines.process.backends import Backend
from adieu.clusters.engines.process.bounds import Bounds
from adieu.clusters.engines.process.door import Door
from adieu.clusters.engines.process.encrypted import Certificate, context_of
from adieu.clusters.engines.process.endings import Ending, UnableToServe
from adieu.clusters.engines.process.front import Front
from adieu.clusters.engines.process.inner import inner_path
from adieu.clusters.engines.process.rest.answering import RestApi
from adieu.clusters.engines.process.rest.conversation import Conversations

HOST = "127.0.0.1"
BACKLOG = 128
# Left to the database and to Python, or half of them, where fewer than twice as many are allowed.
FILES = 1024


class Listening:
    """A cluster that listens, once it was started."""

    def __init__(self, server: grpc.Server, front: Front, reached_at: str) -> None:
        self._server, self._front = server, front
        # Where this process calls itself: through its front, unless that speaks TLS, which calls for a name.
        self.reached_at = reached_at

    def start(self) -> None:
        """Answer from now on."""
        self._server.start()
        self._front.start()

    def stop(self, grace: float) -> threading.Event:
        """Take no more calls, and give those that are open a while; tells when they are over."""
        self._front.stop()
        ended: threading.Event = self._server.stop(grace)
        return ended


def open_server(
    backend: Backend,
    door: Door,
    *,
    place: Place,
    bounds: Bounds,
    host: str = HOST,
    certificate: Certificate | None = None,
) -> Listening:
    """Bind the port; nothing is answered before `start`.

    Raises:
        UnableToServe: another program has the port, the folder takes no socket, or the certificate is none.
    """
    tls = context_of(certificate) if certificate else None
    bounds = replace(bounds, connections=_room(bounds))
    server = grpc.server(
        ThreadPoolExecutor(bounds.threads, thread_name_prefix="call"),
        interceptors=[door],
        options=_options(bounds),
        maximum_concurrent_rpcs=bounds.calls,
    )
    backend.add_to(server)
    listener, inner = _bind(host, place.port), inner_path(place.folder)
    try:
        server.add_insecure_port(f"unix:{inner}")
    except RuntimeError:
        raise UnableToServe(Ending.FOLDER_UNUSABLE) from None
    conversations = Conversations(RestApi(inner, bounds, door.visits), bounds)
    front = Front(listener, inner, conversations.converse, bounds, tls)
    reached_at = f"unix:{inner}" if tls else f"{host_in_address(host)}:{place.port}"
    return Listening(server, front, reached_at)


def host_in_address(host: str) -> str:
    """Write an IP address as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setblocking(False)
    # So that a port can be taken again at once after its owner ended, but not from one who lives.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        raise UnableToServe(Ending.PORT_TAKEN) from None
    return listener


def _room(bounds: Bounds) -> int:
    """Make room for the three ends of each connection, and tell for how many there is.

    The rest is left to the database: when it cannot open its own files, it takes the disk for broken.
    """
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES + 3 * bounds.connections
    possible = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    if allowed != resource.RLIM_INFINITY and allowed < possible:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (possible, most))
            allowed = possible
    if allowed == resource.RLIM_INFINITY:
        return bounds.connections
    return min(bounds.connections, (allowed - min(FILES, allowed // 2)) // 3)


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
        # Two more are ours: that of the REST API, and that of the beats.
        "grpc.max_allowed_incoming_connections": bounds.connections + 2,
        "grpc.max_concurrent_streams": bounds.calls,
        "grpc.max_receive_message_length": bounds.received_bytes,
        "grpc.max_send_message_length": bounds.sent_bytes,
        "grpc.max_metadata_size": bounds.header_bytes,
        "grpc.absolute_max_metadata_size": bounds.header_bytes,
        "grpc.keepalive_permit_without_calls": 1,
    }
    return [*((name, int(seconds * 1000)) for name, seconds in milliseconds.items()), *counts.items()]
