"""How the values of the settings are read, one function a kind; each says in words what is wrong."""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from psycopg import Error as PsycopgError
from psycopg.conninfo import conninfo_to_dict

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SHORTEST_SECRET = 32
HIGHEST_PORT = 65535
# Below, a system lets in nobody but root.
LOWEST_CLUSTER_PORT = 1024
HIGHEST_VERSION = 32767


class NotAValue(Exception):
    """Why a value is not one, as the end of a sentence that starts with the setting's name."""


@dataclass(frozen=True)
class Bind:
    """Where the console listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def is_everywhere(self) -> bool:
        return ipaddress.ip_address(self.host).is_unspecified


@dataclass(frozen=True)
class Ports:
    """A row of ports, the first and the last one included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))


@dataclass(frozen=True)
class SmtpServer:
    """The mail server that takes our mail."""

    host: str
    port: int
    name: str = ""
    password: str = ""
    is_tls: bool = False
    is_starttls: bool = False


class SignUp(StrEnum):
    """Who may sign up (Rule A1)."""

    OPEN = "open"
    INVITATION = "invitation"
    CLOSED = "closed"


def bind(value: str) -> Bind:
    """Read `HOST:PORT`; the host is an IP address or `localhost`."""
    parts = url_of(f"//{value}", schemes=("",), expected="HOST:PORT, for example 127.0.0.1:8000")
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise NotAValue("the host must be an IP address or localhost") from None
    return Bind(host=host, port=port_of(parts) or _no_port())


def base_url(value: str) -> str:
    """Read the address that people type, without a path."""
    parts = url_of(value, schemes=("http", "https"), expected="an address like https://console.example.org")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise NotAValue("must be scheme and host only, with neither path, query nor password")
    port_of(parts)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def smtp_server(value: str) -> SmtpServer:
    """Read `smtp://NAME:PASSWORD@HOST:PORT`, `smtps://…`, with `?starttls` where the server wants it."""
    expected = "smtp://NAME:PASSWORD@HOST:PORT, smtps://… or smtp://…?starttls"
    parts = url_of(value, schemes=("smtp", "smtps"), expected=expected)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    is_tls, is_starttls = parts.scheme == "smtps", "starttls" in options
    if parts.path not in {"", "/"} or set(options) - {"starttls"}:
        raise NotAValue(f"must look like {expected}")
    if is_tls and is_starttls:
        raise NotAValue("smtps:// is encrypted from the start, so ?starttls does not fit it")
    return SmtpServer(
        host=parts.hostname or "",
        port=port_of(parts) or (465 if is_tls else 587 if is_starttls else 25),
        name=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        is_tls=is_tls,
        is_starttls=is_starttls,
    )


def database_url(value: str) -> str:
    """Read the address of a PostgreSQL database."""
    try:
        parts = conninfo_to_dict(value)
    except PsycopgError:
        parts = {}
    if not value.startswith(("postgresql://", "postgres://")) or not parts.get("dbname"):
        raise NotAValue("must look like postgresql://NAME:PASSWORD@HOST:PORT/DATABASE")
    return value


def ledger_place(value: str) -> Path | str:
    """Read where the ledger is: the path of a file, or the address of a PostgreSQL database."""
    if "://" in value:
        return database_url(value)
    path = path_of(value)
    if path.is_dir():
        raise NotAValue(f"{path} is a folder, not a file")
    return path


def place_of_copy(value: str) -> Path:
    """Read the path of a file that is written, in a folder that is there."""
    path = path_of(value)
    if path.is_dir():
        raise NotAValue(f"{path} is a folder, not a file")
    if not path.parent.is_dir():
        raise NotAValue(f"the folder {path.parent} is not there")
    return path


def secret(value: str) -> str:
    """Read a secret, which must not be guessable."""
    if len(value) < SHORTEST_SECRET:
        raise NotAValue(f"must have at least {SHORTEST_SECRET} characters")
    return value


def peppers(value: str) -> Mapping[int, str]:
    """Read one pepper, or several as `VERSION:PEPPER` separated by spaces; the highest version is in use."""
    words = value.split()
    if len(words) == 1 and not re.match(r"\d+:", words[0]):
        return {1: secret(words[0])}
    found: dict[int, str] = {}
    for word in words:
        version, colon, pepper = word.partition(":")
        if (
            not (colon and version.isdecimal() and 1 <= int(version) <= HIGHEST_VERSION)
            or int(version) in found
        ):
            raise NotAValue("must be one pepper, or several as VERSION:PEPPER with a version of its own each")
        found[int(version)] = secret(pepper)
    return found


def networks(value: str) -> tuple[Network, ...]:
    """Read IP addresses and networks, separated by commas or spaces."""
    return tuple(_network(word) for word in value.replace(",", " ").split())


def sign_up(value: str) -> SignUp:
    """Read who may sign up."""
    try:
        return SignUp(value)
    except ValueError:
        raise NotAValue("must be open, invitation or closed") from None


def readable_file(value: str) -> Path:
    """Read the path of a text file that can be read and says something."""
    path = path_of(value)
    if not text_of(path).strip():
        raise NotAValue(f"the file {path} is empty")
    return path


def text_of(path: Path) -> str:
    """Read a small text file.

    Raises:
        NotAValue: it cannot be read, or is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotAValue(f"the file {path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise NotAValue(f"the file {path} is not UTF-8 text") from None


def folder(value: str) -> Path:
    """Read the path of a folder, which need not be there yet."""
    path = path_of(value)
    if path.exists() and not path.is_dir():
        raise NotAValue(f"{path} is not a folder")
    return path


def path_of(value: str) -> Path:
    """Read a path, made absolute; `~` is the home folder."""
    try:
        if value.isprintable():
            path = Path(value).expanduser().resolve()
            # Asks the file system, which knows what it takes as a name.
            path.exists()
            return path
    except (OSError, RuntimeError, ValueError):
        pass
    raise NotAValue("is not the path of a file or folder")


def sender(value: str) -> str:
    """Read a mail address with or without a name, as it stands in From."""
    name, address = parseaddr(value)
    try:
        Address(name, addr_spec=address)
    except (MessageError, ValueError, IndexError):
        address = ""
    if "@" not in address or not value.isprintable() or not address.isascii():
        raise NotAValue("must be an address like adieu@example.org or Adieu <adieu@example.org>")
    return value


def count(most: int) -> Callable[[str], int]:
    """Make the function that reads a number from 1 to `most`."""

    def read(value: str) -> int:
        if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= most):
            raise NotAValue(f"must be a number from 1 to {most}")
        return int(value)

    return read


def ports(value: str) -> Ports:
    """Read `FIRST-LAST`, both included."""
    found = re.fullmatch(r"(\d{1,5})-(\d{1,5})", value, re.ASCII)
    first, last = (int(number) for number in found.groups()) if found else (0, 0)
    if not LOWEST_CLUSTER_PORT <= first <= last <= HIGHEST_PORT:
        raise NotAValue(
            f"must be two ports from {LOWEST_CLUSTER_PORT} to {HIGHEST_PORT}, for example 19530-19629"
        )
    return Ports(first, last)


def url_of(value: str, *, schemes: tuple[str, ...], expected: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        if parts.scheme in schemes and parts.hostname and value.isprintable() and " " not in value:
            return parts
    except ValueError:
        pass
    raise NotAValue(f"must look like {expected}" if "HOST" in expected else f"must be {expected}")


def port_of(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise NotAValue(f"the port must be a number from 1 to {HIGHEST_PORT}")
    return port


def _no_port() -> int:
    raise NotAValue("the port is missing, for example 127.0.0.1:8000")


def _network(word: str) -> Network:
    try:
        return ipaddress.ip_network(word)
    except ValueError:
        raise NotAValue(f"{word[:64]!r} is neither an IP address nor a network like 10.0.0.0/8") from None
