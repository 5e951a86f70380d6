"""Every endpoint is called as its own OpenAPI description says, and against it: it answers as described.

The calls are made up by schemathesis, the same ones each time, and go to the application in this process,
with a session and its CSRF token. Half of them name real things in their address, to get further than a 404.
"""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
import pytest
import schemathesis
from django.conf import settings as django_settings
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from adieu.api.v1.service import api
from adieu.config.wsgi import application
from adieu.tenancy.permissions import Place
from tests.support.standings import People, Person, World, build

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# It ends the account that calls; test_api.py goes there.
LEFT_OUT = {"POST /api/v1/account/deletion/confirm"}
DESCRIPTION = json.loads(json.dumps(api.get_openapi_schema(), default=str))
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
SCHEMA.app = application
# Who calls is told by the session here; keys have tests of their own.
SCHEMA.config.generation.update(with_security_parameters=False)
TOKEN = "a" * 32


def endpoints() -> list[Any]:
    found: list[Any] = list(SCHEMA.get_all_operations())
    return [result.ok() for result in found if result.ok().label not in LEFT_OUT]


@dataclass
class Caller:
    """Somebody who calls; the world is made anew when a call has changed it."""

    people: People
    world: World

    @property
    def person(self) -> Person:
        return self.people.standing[Place.ORGANIZATION_OWNER]

    def fill(self, case: Any) -> None:
        """Put in the ids of real things."""
        known = self.world.ids
        case.path_parameters = {
            name: known.get(name, value) for name, value in (case.path_parameters or {}).items()
        }

    def call(self, case: Any) -> Any:
        session = self.person.browser.cookies[django_settings.SESSION_COOKIE_NAME].value
        answer = case.call(
            cookies={
                django_settings.SESSION_COOKIE_NAME: session,
                django_settings.CSRF_COOKIE_NAME: TOKEN,
            },
            headers={"X-CSRFToken": TOKEN},
        )
        if case.method != "GET" and answer.status_code < 400:
            self.world = build(self.people)
        return answer


@pytest.fixture
def caller() -> Caller:
    people = People(timezone.now())
    session = people.standing[Place.ORGANIZATION_OWNER].browser.session
    # As after a sign-in: who they are was proved a moment ago (Rule D1).
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session.save()
    return Caller(people, build(people))


every_endpoint = pytest.mark.parametrize("endpoint", endpoints(), ids=lambda endpoint: endpoint.label)


@every_endpoint
def test_an_endpoint_answers_as_described(endpoint: Any, caller: Caller) -> None:
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        call_often(endpoint, mode, caller, examples=8)


@pytest.mark.long
@every_endpoint
def test_an_endpoint_answers_a_hundred_calls(endpoint: Any, caller: Caller) -> None:
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        call_often(endpoint, mode, caller, examples=50)


def call_often(endpoint: Any, mode: GenerationMode, caller: Caller, *, examples: int) -> None:
    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=endpoint.as_strategy(generation_mode=mode), is_real=st.booleans())
    def call(case: Any, is_real: bool) -> None:
        if is_real:
            caller.fill(case)
        answer = caller.call(case)
        assert "not-signed-in" not in answer.text
        case.validate_response(answer, checks=CHECKS)

    # Where any call at all is one as described, there is none against the description.
    with suppress(Unsatisfiable):
        call()
