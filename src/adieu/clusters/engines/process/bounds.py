"""What one cluster holds at most."""

from dataclasses import dataclass


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
    # Of one request in JSON, and of all that are being read or answered together.
    body_bytes: int = 16 * 2**20
    bodies_bytes: int = 64 * 2**20
    seconds_for_body: float = 60
    seconds_for_answer: float = 60
