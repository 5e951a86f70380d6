"""People at a running console whose requests are marked wherever they can put something."""

import http.client
import json
from collections import Counter
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.support.marking import Marks

CSRF_TOKEN = "a" * 32
SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What came back."""

    target: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.body)


@dataclass
class Driver:
    """One person at the console: nobody, somebody with a session, or somebody with an API key."""

    url: str
    marks: Marks
    answers: list[Answer] = field(default_factory=list)
    cookies: dict[str, str] = field(default_factory=dict)
    bearer: str = ""
    _connection: http.client.HTTPConnection | None = None

    @property
    def statuses(self) -> Counter[int]:
        """How often each status came."""
        return Counter(answer.status for answer in self.answers)

    def as_another(self) -> "Driver":
        """Give somebody else, whose answers are counted together with these."""
        return Driver(self.url, self.marks, self.answers)

    def send(self, method: str, path: str, body: bytes = b"", *, label: str = "", **headers: str) -> Answer:
        """Send a request whose headers are marked, and note the answer."""
        sent = self._marked_headers() | {name.replace("_", "-"): value for name, value in headers.items()}
        for is_last in (False, True):
            try:
                answer = self._ask(method, path, body, sent, label)
                break
            except (http.client.HTTPException, OSError):
                # A connection that was kept may be gone; a new one is not.
                self._connection = None
                if is_last:
                    raise
        self._keep_cookies(answer.headers)
        self.answers.append(answer)
        return answer

    def form(self, path: str, values: dict[str, str], *, label: str = "") -> Answer:
        """Send a form with its token."""
        body = urlencode({**values, "csrfmiddlewaretoken": CSRF_TOKEN}).encode()
        return self.send("POST", path, body, label=label, Content_Type="application/x-www-form-urlencoded")

    def rest(self, method: str, path: str, body: object = None, *, label: str = "") -> Answer:
        """Call the REST API."""
        sent = b"" if body is None else json.dumps(body).encode()
        return self.send(method, path, sent, label=label, Content_Type="application/json")

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str], label: str) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=SECONDS)
        self._connection.request(method, path, body or None, headers)
        with self._connection.getresponse() as came:
            found = {name.lower(): value for name, value in came.getheaders()}
            found["set-cookie"] = "\n".join(came.headers.get_all("Set-Cookie", []))
            return Answer(label or f"{method} {path}", came.status, found, came.read())

    def _marked_headers(self) -> dict[str, str]:
        word = self.marks.word
        cookies = {"csrf": CSRF_TOKEN, **self.cookies, word(): word()}
        found = {
            "Accept-Language": f"{word()},de;q=0.5",
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "From": self.marks.address(),
            "Referer": f"{self.url}/{word()}?{word()}={word()}",
            "User-Agent": f"Mozilla/5.0 ({word()})",
            "X-CSRFToken": CSRF_TOKEN,
            "X-Forwarded-For": self.marks.network_address(),
            "X-Forwarded-Host": f"{word()}.example.org",
            "X-Request-ID": word(),
        }
        return found | ({"Authorization": f"Bearer {self.bearer}"} if self.bearer else {})

    def _keep_cookies(self, headers: dict[str, str]) -> None:
        for line in headers["set-cookie"].splitlines():
            for name, morsel in SimpleCookie(line).items():
                if morsel.value:
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
        self.cookies.pop("csrf", None)
