"""Every page, endpoint and command is spoken of in `docs/doors.py`, and what is no door makes nothing.

To fix this: add the new way in to `DOORS` with its try in `tests/support/door_tries.py`, or say in one of
the other tables why it is none.
"""

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from allauth.account.urls import urlpatterns as allauths
from django.conf import settings
from django.core.management import get_commands
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.urls.exceptions import Resolver404

from adieu.accounts.addresses import seal
from adieu.accounts.models import Account
from adieu.identities.operations import claim, retire
from adieu.kit.transactions import transaction
from adieu.ops import main
from docs.doors import DOORS, NO_DOOR_ADIEU_COMMANDS, NO_DOOR_COMMANDS, NO_DOORS, NO_DOORS_BEGINNING
from lints.doors import BACKENDS
from tests.support.cast import LONG_AGO, make_account
from tests.support.door_tries import SHUT, TRIES, Scene, set_scene, what_is_there
from tests.support.entrance import is_signed_in
from tests.support.visitors import default_project, enter

RETIRED = "charlie@example.org"
FIELDS = ("email", "emails", "address", "addresses", "login", "name", "typed_name", "title", "comment")
DOOR_NAMES = {name for door in DOORS for name in door.urls}


def mounted() -> Iterator[tuple[str, URLPattern]]:
    """Give every address that is served, as it stands in the URL conf."""
    yield from _below(get_resolver(), "")


def _below(resolver: URLResolver, before: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _below(pattern, route)
        else:
            yield route, pattern


def is_door(route: str, pattern: URLPattern) -> bool:
    return pattern.name in DOOR_NAMES or any(name.partition(" ")[2] == route for name in DOOR_NAMES)


def is_spoken_of(route: str, pattern: URLPattern) -> bool:
    begins = any(route.startswith(beginning) for beginning in NO_DOORS_BEGINNING) or not route
    # The overview is at the root.
    return begins or pattern.name in NO_DOORS or is_door(route, pattern)


def view_of(pattern: URLPattern) -> str:
    """Name where a view and what it is made from come from."""
    view = getattr(pattern.callback, "view_class", pattern.callback)
    return " ".join(base.__module__ for base in getattr(view, "__mro__", [view]))


def test_every_address_is_spoken_of() -> None:
    assert [route for route, pattern in mounted() if not is_spoken_of(route, pattern)] == []


def test_what_is_made_from_allauths_views_is_spoken_of_by_name() -> None:
    made = [(route, pattern) for route, pattern in mounted() if "allauth" in view_of(pattern)]
    assert len(made) >= 8
    unnamed = [(route, pattern) for route, pattern in made if pattern.name not in NO_DOORS]
    assert [route for route, pattern in unnamed if not is_door(route, pattern)] == []


def test_nothing_is_spoken_of_that_is_not_there() -> None:
    routes = dict(mounted())
    names = {pattern.name for pattern in routes.values()} | set(routes)
    said = {name.partition(" ")[2] or name for name in DOOR_NAMES} | set(NO_DOORS)
    assert said - names == set()
    assert [begins for begins in NO_DOORS_BEGINNING if not any(r.startswith(begins) for r in routes)] == []


@pytest.mark.parametrize("pattern", allauths, ids=lambda pattern: str(pattern.name))
def test_an_address_of_allauth_is_ours_or_shut(pattern: URLPattern) -> None:
    ours = {each.name: route for route, each in mounted()}
    if pattern.name in ours:
        assert pattern.name in NO_DOORS or pattern.name in DOOR_NAMES
        return
    path = re.sub(r"\(\?P<\w+>[^)]*\)|[$^]", "1", str(pattern.pattern)).strip("1")
    with pytest.raises(Resolver404):
        resolve(f"/accounts/{path}")


def test_every_command_is_spoken_of() -> None:
    doors = {name for door in DOORS for name in door.commands}
    assert set(get_commands()) == doors | set(NO_DOOR_COMMANDS)
    assert not doors & set(NO_DOOR_COMMANDS)


def test_every_command_of_adieu_is_spoken_of() -> None:
    parser = re.findall(r"\{([\w,-]+)\}|^    ([a-z][\w-]*)", _help(), re.MULTILINE)
    offered = {word for group in parser for words in group for word in words.split(",") if word}
    assert offered == set(NO_DOOR_ADIEU_COMMANDS)


def _help() -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        main.main(["--help"])
    return text.getvalue()


def test_every_door_has_its_try_and_none_is_tried_twice() -> None:
    assert list(TRIES) == [door.name for door in DOORS]


def test_nobody_is_let_in_by_another_backend() -> None:
    assert set(settings.AUTHENTICATION_BACKENDS) == BACKENDS


@pytest.fixture
def scene() -> Scene:
    return set_scene(enter("bob"))


@pytest.mark.django_db(transaction=True, databases=["default", "vault"])
def test_what_is_no_door_makes_nothing(scene: Scene, record_property: Callable[[str, object], None]) -> None:
    """Send a retired address in every field, as a form and as JSON, to every address that is no door."""
    person = make_account()
    with transaction():
        claim(kind="email", identifier=RETIRED, account_id=person)
    with transaction():
        retire(account_id=person, now=LONG_AGO)
    ids = {
        "organization_id": str(scene.office),
        "project_id": str(default_project(scene.office, scene.bob)),
        "member_id": str(scene.bob.account_id),
        "account_id": str(scene.bob.account_id),
    }
    before = what_is_there()
    tried = 0
    walked = [(route, pattern) for route, pattern in mounted() if not is_door(route, pattern)]
    # Bob signs out at the end only.
    for route, _pattern in sorted(walked, key=lambda each: each[1].name == "account_logout"):
        assert route != "accounts/logout/" or is_signed_in(scene.bob.browser)
        path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: ids.get(found[1], str(uuid4())), route)
        for browser in (scene.bob.browser, Client()):
            tried += _send(browser, path)
            assert what_is_there() == before, path
    assert not Account.objects.filter(email=seal(RETIRED)).exists()
    record_property("tries at addresses that are no doors, with a retired address in every field", tried)


def _send(browser: Client, path: str) -> int:
    browser.raise_request_exception = False
    form = dict.fromkeys(FIELDS, RETIRED)
    fields = {**form, "emails": [RETIRED]}
    answers = [
        browser.get(path, form),
        browser.post(path, form),
        *(
            browser.generic(method, path, _json(fields), content_type="application/json")
            for method in ("POST", "PATCH", "PUT", "DELETE")
            if path.startswith("/api/")
        ),
    ]
    assert all(answer.status_code < 500 for answer in answers), (path, answers)
    return len(answers)


def _json(fields: object) -> str:
    return json.dumps(fields)


def test_the_shut_pages_are_those_of_allauth() -> None:
    for page in SHUT:
        with pytest.raises(Resolver404):
            resolve(f"/accounts/{page}")
