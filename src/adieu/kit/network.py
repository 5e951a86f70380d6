"""Who is asking, when a proxy stands between (ADIEU_TRUSTED_PROXIES)."""

import ipaddress
from collections.abc import Callable, Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from adieu.kit.setting_values import Network

type GetResponse = Callable[[HttpRequest], HttpResponse]


def network_middleware(get_response: GetResponse) -> GetResponse:
    """Set the person's address and the scheme from what trusted proxies say, and from nobody else."""
    environment = settings.ADIEU

    def middleware(request: HttpRequest) -> HttpResponse:
        peer = _without_port(request.META.get("REMOTE_ADDR", ""))
        is_proxy = _is_in(peer, environment.trusted_proxies)
        said = request.META.get("HTTP_X_FORWARDED_PROTO", "") if is_proxy else ""
        # Behind https:// TLS has ended before us, since we speak plain HTTP only.
        scheme = said.rpartition(",")[2].strip().lower() or ("https" if environment.is_https else "http")
        request.META["wsgi.url_scheme"] = "https" if scheme == "https" else "http"
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        request.META["REMOTE_ADDR"] = (
            _client(peer, forwarded, environment.trusted_proxies) if is_proxy else peer
        )
        return get_response(request)

    return middleware


def _client(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """Walk from our end to the first hop that is no proxy of ours: what lies beyond it could be made up."""
    client = peer
    for hop in reversed(forwarded.split(",")):
        address = _without_port(hop.strip())
        if not address:
            break
        client = address
        if not _is_in(address, trusted):
            break
    return client


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    return bool(address) and any(ipaddress.ip_address(address) in network for network in networks)


def _without_port(text: str) -> str:
    """Return the IP address in `1.2.3.4`, `1.2.3.4:5`, `[::1]:5` or `::1`, or nothing."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
