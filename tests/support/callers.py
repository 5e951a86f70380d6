"""Somebody who calls a running console over HTTP: pages with forms, and the REST API."""

import http.client
import http.cookiejar
import json
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.support.tokens import Tokens


@dataclass(frozen=True)
class Answer:
    """What came back, after redirects."""

    status: int
    url: str
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class _TakesAnyStatus(urllib.request.HTTPErrorProcessor):
    """Follows redirects; every other answer is an answer."""

    def http_response(self, request: urllib.request.Request, response: http.client.HTTPResponse) -> Any:
        if 300 <= response.status < 400:
            return super().http_response(request, response)
        return response


class Caller:
    """A browser without a window: it keeps cookies and says who it is."""

    def __init__(self, url: str, person: Tokens) -> None:
        self.url, self.person = url, person
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies), _TakesAnyStatus()
        )

    def get(self, path: str) -> Answer:
        """Open a page."""
        return self._ask("GET", path, None, {})

    def submit(self, path: str, **values: object) -> Answer:
        """Open the page of a form for its token, then send the form."""
        if not self._cookie("csrf"):
            self.get(path)
        sent = urllib.parse.urlencode({"csrfmiddlewaretoken": self._cookie("csrf"), **values}, doseq=True)
        return self._ask("POST", path, sent.encode(), {"Content-Type": "application/x-www-form-urlencoded"})

    def api(self, method: str, path: str, body: object = None) -> Answer:
        """Call the REST API with the session."""
        headers = {"Content-Type": "application/json", "X-CSRFToken": self._cookie("csrf")}
        sent = None if body is None else json.dumps(body).encode()
        return self._ask(method, f"/api/v1{path}", sent, headers)

    @property
    def session_key(self) -> str:
        return self._cookie("session")

    def _cookie(self, name: str) -> str:
        return next((cookie.value or "" for cookie in self.cookies if cookie.name == name), "")

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        said = {"User-Agent": self.person.user_agent, "X-Forwarded-For": self.person.network_address}
        url = urllib.parse.urljoin(self.url, path)
        request = urllib.request.Request(url, data=body, headers={**said, **headers}, method=method)
        with self._opener.open(request, timeout=30) as answer:
            return Answer(answer.status, answer.url, answer.read().decode(errors="replace"))
