"""Only what trusted proxies say about the person behind them is believed."""

from dataclasses import replace

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from adieu.kit.environment import read_environment
from adieu.kit.network import network_middleware
from adieu.kit.setting_values import networks

PERSON, STRANGER, PROXY, FRONT = "203.0.113.7", "198.51.100.9", "10.0.0.1", "10.0.0.2"


def seen(
    settings: Settings, *, trusted: str, peer: str, base_url: str = "", headers: dict[str, str] | None = None
) -> HttpRequest:
    environment = read_environment({"ADIEU_BASE_URL": base_url})
    settings.ADIEU = replace(environment, trusted_proxies=networks(trusted))
    requests: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        requests.append(request)
        return HttpResponse()

    network_middleware(view)(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))
    return requests[0]


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "expected"),
    [
        ("", PERSON, "", PERSON),
        ("", PROXY, PERSON, PROXY),
        (PROXY, PROXY, PERSON, PERSON),
        (PROXY, STRANGER, PERSON, STRANGER),
        # What the person wrote themselves stands to the left of what our proxies saw.
        (f"{PROXY} {FRONT}", PROXY, f"{STRANGER}, {PERSON}, {FRONT}", PERSON),
        (PROXY, PROXY, f"{STRANGER}, {PERSON}", PERSON),
        (PROXY, PROXY, "", PROXY),
        (PROXY, PROXY, "nonsense", PROXY),
        (PROXY, PROXY, f"{PERSON}, unknown", PROXY),
        (PROXY, PROXY, f"{PERSON}:5000", PERSON),
        (PROXY, PROXY, "[2001:db8::7]:5000", "2001:db8::7"),
        ("::1", "::1", "2001:db8::7", "2001:db8::7"),
        (PROXY, f"::ffff:{PROXY}", PERSON, PERSON),
        (PROXY, f"{PROXY}:4711", PERSON, PERSON),
        ("", "", PERSON, ""),
    ],
)
def test_address(settings: Settings, trusted: str, peer: str, forwarded: str, expected: str) -> None:
    request = seen(settings, trusted=trusted, peer=peer, headers={"X-Forwarded-For": forwarded})
    assert request.META["REMOTE_ADDR"] == expected
    assert "HTTP_X_FORWARDED_FOR" not in request.META


@pytest.mark.parametrize(
    ("base_url", "peer", "proto", "is_secure"),
    [
        ("http://localhost", PROXY, "https", True),
        ("http://localhost", STRANGER, "https", False),
        ("http://localhost", PROXY, "", False),
        ("https://example.org", PROXY, "", True),
        ("https://example.org", PROXY, "http", False),
        ("https://example.org", STRANGER, "http", True),
    ],
)
def test_scheme(settings: Settings, base_url: str, peer: str, proto: str, *, is_secure: bool) -> None:
    request = seen(
        settings, trusted=PROXY, peer=peer, base_url=base_url, headers={"X-Forwarded-Proto": proto}
    )
    assert request.is_secure() == is_secure
