"""Requests that no browser sends: broken, cut off, huge, no HTTP at all; marked wherever there is a place."""

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.support.marking import Marks

SECONDS = 2
LARGE = 70_000
BOUNDARY = "frontier"


def send_raw(url: str, content: bytes, *, is_all: bool = True) -> bytes:
    """Send bytes, say that there are no more, and give what comes back until the other side ends.

    A server may take whoever says so for somebody who does not wait for an answer: `is_all` tells whether to.
    """
    address = urlsplit(url)
    came = b""
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=SECONDS) as connection:
        try:
            connection.sendall(content)
            if is_all:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                came += part
        except OSError:
            # Refused in the middle, or kept open: both are answers.
            pass
    return came


def malformed_requests(url: str, marks: Marks, *, session: str = "") -> Iterator[tuple[str, bytes]]:
    """Give requests with their names.

    Args:
        session: a session cookie, to get further.
    """
    host = urlsplit(url).netloc
    yield from _first_lines(host, marks)
    yield from _heads(host, marks)
    yield from _bodies(host, marks, session)
    yield from _no_http(marks)


def _first_lines(host: str, marks: Marks) -> Iterator[tuple[str, bytes]]:
    word = marks.word
    lines = {
        "a path of bytes that are no UTF-8": f"GET /%ff%fe{word()}?%c3%28={word()} HTTP/1.1",
        "a path with NUL": f"GET /deletions/{word()}%00{word()}/ HTTP/1.1",
        "a path with line breaks": f"GET /{word()}%0d%0aERROR%20{word()} HTTP/1.1",
        "a path that climbs": f"GET /static/..%2f..%2f{word()}/../../{word()} HTTP/1.1",
        "a long path": f"GET /{word() * 1000} HTTP/1.1",
        "a long query": f"GET /accounts/login/?next={word() * 1000} HTTP/1.1",
        "a query of bytes that are no UTF-8": f"GET /accounts/login/?next=%ff{word()}%00 HTTP/1.1",
        "a whole URL": f"GET http://{word()}.example.org/{word()} HTTP/1.1",
        "a tunnel": f"CONNECT {word()}.example.org:443 HTTP/1.1",
        "a star": "OPTIONS * HTTP/1.1",
        "a method that is none": f"{word().upper()} /{word()} HTTP/1.1",
        "a method with marks": f"BREW{word()} /accounts/login/ HTTP/1.1",
        "a trace": f"TRACE /{word()} HTTP/1.1",
        "an old version": f"GET /{word()} HTTP/1.0",
        "a version that is none": f"GET /{word()} HTTP/9.{word()}",
        "spaces in the path": f"GET /{word()} {word()} HTTP/1.1",
        "no version": f"GET /{word()}",
    }
    for name, line in lines.items():
        yield name, f"{line}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    raw = b"GET /\xff\xc3%s HTTP/1.1\r\nHost: %s\r\n\r\n" % (word().encode(), host.encode())
    yield "raw bytes in the path", raw


def _heads(host: str, marks: Marks) -> Iterator[tuple[str, bytes]]:
    word, network = marks.word, marks.network_address()
    heads = {
        "a foreign host": f"Host: {word()}.example.org",
        "a host that is none": f"Host: {word()}@{word()}:x",
        "no host": f"User-Agent: {word()}",
        "two hosts": f"Host: {host}\r\nHost: {word()}.example.org",
        "a header without a colon": f"Host: {host}\r\n{word()}",
        "a header with NUL": f"Host: {host}\r\nX-{word()}: {word()}\0{word()}",
        "a header that goes on": f"Host: {host}\r\nX-Long: {word()}\r\n {word()}",
        "a header that is huge": f"Host: {host}\r\nCookie: {word()}={'x' * LARGE}{word()}",
        "many headers": f"Host: {host}" + "".join(f"\r\nX-{word()}: {word()}" for _ in range(150)),
        "a length that is none": f"Host: {host}\r\nContent-Length: {word()}",
        "a length below nothing": f"Host: {host}\r\nContent-Length: -1\r\nX: {word()}",
        "two lengths": f"Host: {host}\r\nContent-Length: 3\r\nContent-Length: 4\r\nX: {word()}",
        "chunks and a length": f"Host: {host}\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\nX: y",
        "an encoding that is none": f"Host: {host}\r\nTransfer-Encoding: {word()}",
        "a broken session": f"Host: {host}\r\nCookie: session={word()}; csrf={word()}; messages={word()}",
        "a broken key": f"Host: {host}\r\nAuthorization: Bearer {word()}",
        "a password": f"Host: {host}\r\nAuthorization: Basic enE6{word()}",
        "addresses that are none": f"Host: {host}\r\nX-Forwarded-For: {word()}, {network}%{word()}",
        "a scheme that is none": f"Host: {host}\r\nX-Forwarded-Proto: {word()}",
        "a web socket": f"Host: {host}\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {word()}",
        "languages that are none": f"Host: {host}\r\nAccept-Language: {word()};q={word()},,;",
        "a foreign origin": f"Host: {host}\r\nOrigin: https://{word()}.example.org\r\nReferer: {word()}",
    }
    for name, head in heads.items():
        for line in (f"GET /account/?{word()}", f"POST /api/v1/account/deletion?{word()}"):
            yield name, f"{line} HTTP/1.1\r\n{head}\r\nConnection: close\r\n\r\n".encode()


def _bodies(host: str, marks: Marks, session: str) -> Iterator[tuple[str, bytes]]:
    word = marks.word
    multipart = f"multipart/form-data; boundary={BOUNDARY}"
    file = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{word()}"; filename="{word()}.txt"\r\n'
        f"Content-Type: text/{word()}\r\n\r\n{word()}\r\n"
    )
    form = "application/x-www-form-urlencoded"
    bodies: dict[str, tuple[str, bytes]] = {
        "a file": (multipart, f"{file}--{BOUNDARY}--\r\n".encode()),
        "two files": (multipart, f"{file}{file}--{BOUNDARY}--\r\n".encode()),
        "a file that is cut off": (multipart, file.encode()),
        "a part without a name": (multipart, f"--{BOUNDARY}\r\n{word()}\r\n\r\n{word()}".encode()),
        "parts without a boundary": ("multipart/form-data", file.encode()),
        "a boundary that is none": (f"multipart/form-data; boundary=\0{word()}", file.encode()),
        "a broken transfer encoding": (
            multipart,
            file.replace("\r\n\r\n", f"\r\nContent-Transfer-Encoding: base64\r\n\r\n!{word()}", 1).encode(),
        ),
        "too many fields": (form, "&".join(f"{word()}={word()}" for _ in range(250)).encode()),
        "a form that is no UTF-8": (form, f"email=%ff%00{word()}&{word()}".encode() + b"\xff\xfe"),
        "a charset that is none": (f"{form}; charset={word()}", f"email={word()}".encode()),
        "broken JSON": ("application/json", f'{{"email": "{word()}'.encode()),
        "JSON that is no UTF-8": ("application/json", f'{{"email": "{word()}'.encode() + b'\xff"}'),
        "JSON with half a character": ("application/json", f'{{"email": "\\ud800{word()}"}}'.encode()),
        "JSON with NUL": ("application/json", f'{{"email": "{word()}\\u0000@example.org"}}'.encode()),
        "deep JSON": ("application/json", b"[" * 20_000 + word().encode()),
        "JSON that is a word": ("application/json", f'"{word()}"'.encode()),
        "a large number": ("application/json", f'{{"email": {"9" * 5000}, "{word()}": 1e999}}'.encode()),
        "no type that is known": (f"application/{word()}", word().encode()),
        "too much": ("application/json", f'{{"email": "{word() * 30_000}"}}'.encode()),
    }
    for name, (kind, body) in bodies.items():
        for path in ("/accounts/login/", "/api/v1/account/deletion/code", "/api/v1/organizations"):
            yield name, _request(host, path, kind, body, session)
    kind, body = bodies["broken JSON"]
    whole = _request(host, "/api/v1/organizations", kind, body, session)
    yield "half a body", whole[:-8]
    yield "half a head", whole[: len(whole) // 2]
    yield (
        "broken chunks",
        whole.replace(b"Content-Length", b"Transfer-Encoding: chunked\r\nX-Length")
        + f"zz\r\n{word()}".encode(),
    )


def _request(host: str, path: str, kind: str, body: bytes, session: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"Cookie: csrf={'a' * 32}; session={session}\r\nX-CSRFToken: {'a' * 32}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _no_http(marks: Marks) -> Iterator[tuple[str, bytes]]:
    yield "a TLS hello", _tls_hello(f"{marks.word()}.example.org")
    yield "HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + marks.word().encode()
    yield "SMTP", f"EHLO {marks.word()}\r\nRCPT TO:<{marks.address()}>\r\n".encode()
    yield "noise", b"\0\xff\x16" + marks.word().encode() * 20
    yield "nothing", b""


def _tls_hello(server: str) -> bytes:
    """Give what a browser says first to a port that it takes for one with TLS; the server's name is in it."""
    outgoing = ssl.MemoryBIO()
    secured = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=server)
    try:
        secured.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError(server)
