"""A session that ends while it is answered lets nobody in, and that is told calmly (Rules D7, A6)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.exceptions import SessionInterrupted
from django.test import Client, RequestFactory
from django.utils import timezone

from adieu.accounts.models import Session
from adieu.console.errors import bad_request
from tests.support.entrance import is_signed_in, sign_in
from tests.support.people import join, leave

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"


@pytest.fixture
def alice() -> UUID:
    return join(ALICE, timezone.now(), is_welcomed=False)


@contextmanager
def in_the_middle(act: Callable[[], object]) -> Iterator[None]:
    """Let something happen right after the password was right."""

    def happen(**_: object) -> None:
        act()

    user_logged_in.connect(happen)
    try:
        yield
    finally:
        user_logged_in.disconnect(happen)


@pytest.mark.parametrize("end", ["account", "session"])
def test_a_sign_in_whose_session_ends_in_the_middle_says_so(alice: UUID, end: str) -> None:
    browser = Client()
    ends: dict[str, Callable[[], object]] = {
        "account": lambda: leave(alice, ALICE, timezone.now()),
        "session": lambda: Session.objects.all().delete(),
    }
    with in_the_middle(ends[end]):
        answer = sign_in(browser, ALICE)
    assert answer.status_code == 403
    text = answer.content.decode()
    assert "Your session has ended" in text
    assert "may have been done or not" in text
    assert not is_signed_in(browser)


def test_rest_says_that_nobody_is_signed_in(rf: RequestFactory) -> None:
    answer = bad_request(rf.get("/api/v1/account"), SessionInterrupted())
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert b"not-signed-in" in answer.content
