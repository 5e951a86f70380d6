"""Calls as Zilliz Cloud's clients make them, to the application in this process."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.test import Client
from django.utils import timezone

from adieu.tenancy import api_keys


@dataclass(frozen=True)
class Zilliz:
    """A client with an API key."""

    secret: str
    browser: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def call(self, method: str, path: str, body: object = None, *, raw: bytes | None = None) -> Any:
        """Call an address under `/v2`; `raw` is sent as it is."""
        sent = json.dumps(body).encode() if body is not None else b""
        answer: Any = self.browser.generic(
            method,
            f"/v2{path}",
            sent if raw is None else raw,
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.secret}"},
        )
        return answer

    def gets(self, method: str, path: str, body: object = None) -> Any:
        """Call, and give what is in the envelope of what was done."""
        answer = self.call(method, path, body)
        assert answer.status_code == 200, answer.content
        content = answer.json()
        assert content.keys() == {"code", "data"}, content
        assert content["code"] == 0
        return content["data"]

    def refused(self, method: str, path: str, body: object = None) -> int:
        """Call, and give the code of the refusal; its status is 200 (Note [Status 200])."""
        answer = self.call(method, path, body)
        assert answer.status_code == 200, answer.content
        return code_of(answer)


def code_of(answer: Any) -> int:
    """Read a refusal in its envelope."""
    assert answer["Content-Type"].startswith("application/json"), answer.content
    content = answer.json()
    assert content.keys() == {"code", "message"}, content
    assert content["message"]
    code: int = content["code"]
    assert code != 0
    return code


def with_key(account_id: UUID, organization_id: UUID, *, expires_at: datetime | None = None) -> Zilliz:
    """Give an account's client a key of its own."""
    made = api_keys.create(
        account_id=account_id,
        organization_id=organization_id,
        name=f"CI {timezone.now().timestamp()}",
        expires_at=expires_at,
        now=timezone.now(),
    )
    return Zilliz(made.secret)
