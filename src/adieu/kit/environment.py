"""What an operator may set, read once from the environment; a wrong value stops the start with one line."""

import difflib
import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

from adieu.kit import cluster_values, milvus_values
from adieu.kit import setting_values as values
from adieu.kit.errors import UnableToStart
from adieu.kit.setting_values import Bind, Network, NotAValue, Ports, SignUp, SmtpServer

PREFIX = "ADIEU_"
# These may stand in a file instead, named by the same setting with _FILE at its end.
SECRETS = (
    "ADIEU_DATABASE_URL",
    "ADIEU_LEDGER",
    "ADIEU_METRICS_TOKEN",
    "ADIEU_MILVUS_TOKEN",
    "ADIEU_PEPPER",
    "ADIEU_SECRET_KEY",
    "ADIEU_SMTP_URL",
    "ADIEU_VAULT_URL",
)
MOST_WEB_PROCESSES = 64
MOST_CLUSTERS_IN_A_PROJECT = 1000


class WrongSetting(UnableToStart):
    """A setting has a wrong value."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}.")
        self.name = name


@dataclass(frozen=True)
class Environment:
    """The settings of this installation; each field is `ADIEU_` and its name in capitals."""

    data_dir: Path
    bind: Bind
    base_url: str
    smtp_url: SmtpServer | None = field(repr=False)
    mail_from: str
    database_url: str | None = field(repr=False)
    vault_url: str | None = field(repr=False)
    vault_copy: Path | None
    ledger: Path | str | None = field(repr=False)
    secret_key: str | None = field(repr=False)
    pepper: Mapping[int, str] | None = field(repr=False)
    trusted_proxies: tuple[Network, ...]
    signup: SignUp
    terms_file: Path | None
    web_processes: int
    metrics_token: str | None = field(repr=False)
    cluster_ports: Ports
    clusters_per_project: int
    cluster_bind: str
    cluster_domain: str | None
    cluster_certificate: Path | None
    cluster_certificate_key: Path | None
    milvus_uri: str | None
    milvus_token: str | None = field(repr=False)

    @property
    def host(self) -> str:
        """The host that people type."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_milvus_gone(self) -> bool:
        """Whether the operator says that the Milvus server is gone for good, with its data."""
        return self.milvus_uri == milvus_values.GONE

    @property
    def has_milvus_server(self) -> bool:
        """Whether clusters can be made on a Milvus server."""
        return self.milvus_uri is not None and not self.is_milvus_gone

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def is_on_loopback(self) -> bool:
        """Whether nobody but this machine can reach the console, directly or through a proxy."""
        return self.bind.is_loopback and is_loopback_host(self.host)

    @property
    def has_development_mailbox(self) -> bool:
        """Whether mail stays in the console, for lack of a mail server."""
        return self.smtp_url is None

    @property
    def terms(self) -> str:
        """The operator's terms, or nothing."""
        return values.text_of(self.terms_file) if self.terms_file else ""


def setting_names() -> list[str]:
    """Name every setting, those that end in _FILE included."""
    plain = [PREFIX + each.name.upper() for each in fields(Environment)]
    return sorted([*plain, *(f"{name}_FILE" for name in SECRETS)])


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Read and check every setting.

    Raises:
        WrongSetting: the first one that is wrong.
    """
    _refuse_unknown(environ)
    source = _Source(environ)
    bind = source.read("ADIEU_BIND", values.bind, Bind("127.0.0.1", 8000))
    base_url = source.read("ADIEU_BASE_URL", values.base_url, None) or _default_base_url(bind)
    environment = Environment(
        data_dir=source.read("ADIEU_DATA_DIR", values.folder, Path(".adieu").resolve()),
        bind=bind,
        base_url=base_url,
        smtp_url=source.read("ADIEU_SMTP_URL", values.smtp_server, None),
        mail_from=source.read("ADIEU_MAIL_FROM", values.sender, _default_sender(base_url)),
        database_url=source.read("ADIEU_DATABASE_URL", values.database_url, None),
        vault_url=source.read("ADIEU_VAULT_URL", values.database_url, None),
        vault_copy=source.read("ADIEU_VAULT_COPY", values.place_of_copy, None),
        ledger=source.read("ADIEU_LEDGER", values.ledger_place, None),
        secret_key=source.read("ADIEU_SECRET_KEY", values.secret, None),
        pepper=source.read("ADIEU_PEPPER", values.peppers, None),
        trusted_proxies=source.read("ADIEU_TRUSTED_PROXIES", values.networks, ()),
        signup=source.read("ADIEU_SIGNUP", values.sign_up, SignUp.OPEN),
        terms_file=source.read("ADIEU_TERMS_FILE", values.readable_file, None),
        web_processes=source.read("ADIEU_WEB_PROCESSES", values.count(MOST_WEB_PROCESSES), _cores()),
        metrics_token=source.read("ADIEU_METRICS_TOKEN", values.secret, None),
        **_of_clusters(source),
        milvus_uri=source.read("ADIEU_MILVUS_URI", milvus_values.server, None),
        milvus_token=source.read("ADIEU_MILVUS_TOKEN", milvus_values.token, None),
    )
    _refuse_misplaced_copy(environment)
    _refuse_shared_port(environment)
    _refuse_half_a_server(environment)
    _refuse_open_clusters(environment)
    return environment


def refuse_readable_mail(environment: Environment) -> None:
    """Refuse to serve the development mailbox to anyone but this machine: the codes of everyone are in it.

    Raises:
        WrongSetting: there is no mail server, and others can reach the console.
    """
    if environment.has_development_mailbox and not environment.is_on_loopback:
        raise WrongSetting(
            "ADIEU_SMTP_URL",
            "is needed, since others than this machine can reach the console",
        )


def is_loopback_host(host: str) -> bool:
    """Tell whether a host name or address always means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Source:
    """The environment, with secrets read from files where asked."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def read[T, D](self, name: str, parse: Callable[[str], T], default: D) -> T | D:
        try:
            value = self._value(name)
            return default if value is None else parse(value)
        except NotAValue as error:
            raise WrongSetting(name, str(error)) from None

    def _value(self, name: str) -> str | None:
        # An empty value counts as none: that is how compose files and unit files leave a setting out.
        plain, file = self.environ.get(name) or None, self.environ.get(f"{name}_FILE") or None
        if plain is not None and file is not None:
            raise NotAValue(f"is given twice, here and as {name}_FILE")
        if file is None:
            return plain.strip() if plain else None
        try:
            return values.text_of(values.path_of(file)).strip()
        except NotAValue:
            # Without the path: now and then the secret itself is put here.
            raise WrongSetting(f"{name}_FILE", "the file cannot be read, or is not UTF-8 text") from None


class _OfClusters(TypedDict):
    """The settings of clusters, wherever they are kept."""

    cluster_ports: Ports
    clusters_per_project: int
    cluster_bind: str
    cluster_domain: str | None
    cluster_certificate: Path | None
    cluster_certificate_key: Path | None


def _of_clusters(source: _Source) -> _OfClusters:
    most = values.count(MOST_CLUSTERS_IN_A_PROJECT)
    return {
        "cluster_ports": source.read("ADIEU_CLUSTER_PORTS", values.ports, Ports(19530, 19629)),
        "clusters_per_project": source.read("ADIEU_CLUSTERS_PER_PROJECT", most, 20),
        "cluster_bind": source.read("ADIEU_CLUSTER_BIND", cluster_values.address, "127.0.0.1"),
        "cluster_domain": source.read("ADIEU_CLUSTER_DOMAIN", cluster_values.domain, None),
        "cluster_certificate": source.read("ADIEU_CLUSTER_CERTIFICATE", values.readable_file, None),
        "cluster_certificate_key": source.read("ADIEU_CLUSTER_CERTIFICATE_KEY", values.readable_file, None),
    }


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = setting_names()
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise WrongSetting(name, "is no setting" + (f"; perhaps {close[0]} is meant" if close else ""))


def _refuse_misplaced_copy(environment: Environment) -> None:
    if environment.vault_copy is None:
        return
    if environment.vault_url is not None:
        raise WrongSetting(
            "ADIEU_VAULT_COPY",
            "is for a vault in a file, and ADIEU_VAULT_URL names a database; copy that with pg_dump",
        )
    if environment.vault_copy.parent == environment.data_dir:
        raise WrongSetting("ADIEU_VAULT_COPY", "must be in another folder than what it is a copy of")


def _refuse_shared_port(environment: Environment) -> None:
    if environment.bind.port in environment.cluster_ports:
        raise WrongSetting("ADIEU_CLUSTER_PORTS", f"must not hold {environment.bind.port}, the console's own")


def _refuse_half_a_server(environment: Environment) -> None:
    """Refuse an address without a token, and a token without an address."""
    if environment.has_milvus_server and environment.milvus_token is None:
        raise WrongSetting("ADIEU_MILVUS_TOKEN", "is needed, since ADIEU_MILVUS_URI names a Milvus server")
    if environment.milvus_token is not None and environment.milvus_uri is None:
        raise WrongSetting("ADIEU_MILVUS_URI", "is needed, since ADIEU_MILVUS_TOKEN is given")


def _refuse_open_clusters(environment: Environment) -> None:
    """Refuse clusters that others could reach without encryption, or could not tell how to reach."""
    certificate, key = environment.cluster_certificate, environment.cluster_certificate_key
    bind, domain = environment.cluster_bind, environment.cluster_domain
    if key is None and certificate is not None:
        raise WrongSetting("ADIEU_CLUSTER_CERTIFICATE_KEY", "is needed, since there is a certificate")
    if certificate is None or key is None:
        if key is not None or domain is not None or not is_loopback_host(bind):
            reasons = "a key, a domain, or an address that others reach"
            raise WrongSetting("ADIEU_CLUSTER_CERTIFICATE", f"is needed, since clusters are given {reasons}")
        return
    if domain is None and ipaddress.ip_address(bind).is_unspecified:
        raise WrongSetting(
            "ADIEU_CLUSTER_DOMAIN", f"is needed, since {bind} does not tell how to reach clusters"
        )
    try:
        cluster_values.require_pair(certificate, key)
    except NotAValue as why:
        raise WrongSetting("ADIEU_CLUSTER_CERTIFICATE", str(why)) from None


def _default_base_url(bind: Bind) -> str:
    if bind.is_everywhere:
        raise WrongSetting(
            "ADIEU_BASE_URL",
            f"is needed, since {bind} does not tell how people reach the console",
        )
    return f"http://{bind}"


def _default_sender(base_url: str) -> str:
    host = urlsplit(base_url).hostname or ""
    is_name = "." in host and not host.replace(".", "").isdecimal() and ":" not in host
    return f"Adieu <adieu@{host if is_name else 'localhost'}>"


def _cores() -> int:
    return min(os.process_cpu_count() or 1, 4)
