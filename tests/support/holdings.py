"""People who hold everything that can be held, made in the data folder of a console that runs.

Each who will lose something is an Alice, and each Alice has the same. Bob, whose organizations these are,
and Charlie lose nothing.
"""

import json
import os
import subprocess
import sys
from typing import Any
from uuid import UUID

from django.test import Client
from django.test.utils import setup_test_environment
from django.utils import timezone

from adieu.accounts import operators
from adieu.accounts.session_store import digest_of_key
from adieu.tenancy import api_keys
from adieu.tenancy.invitations import invite
from adieu.tenancy.models import Role
from adieu.tenancy.offers import token_of
from tests.support.chronicle import fill
from tests.support.entrance import sign_in
from tests.support.people import settle
from tests.support.visitors import Visitor, admit, enter, found, roles

MAKE = "import django; django.setup(); from tests.support import holdings; holdings.main()"
# More than fits into the buffers between a process and somebody who does not read, about 5 MB.
ACTIVITIES = 25_000


def prepare(settings: dict[str, str], *alices: str) -> dict[str, Any]:
    """Have everything made, in a process with the console's settings, and give what it says."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ADIEU_")}
    done = subprocess.run(
        [sys.executable, "-c", MAKE, *alices],
        env={**environ, **settings, "DJANGO_SETTINGS_MODULE": "adieu.config.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def main() -> None:
    """Make everything, and say it."""
    setup_test_environment()
    print(json.dumps(_make(sys.argv[1:]), default=str))


def _make(alices: list[str]) -> dict[str, Any]:
    bob, charlie, guest = enter("bob"), enter("charlie"), enter("guest")
    office, school, club = (found(bob, name) for name in ("Office", "School", "Club"))
    fill(office, [bob.account_id], timezone.now(), count=ACTIVITIES, things=50)
    everybody = {"bob": _equip(bob, office, school), "charlie": _equip(charlie, office, school)}
    everybody |= {name: _come(name, office, school) for name in alices}
    first = everybody[alices[0]]
    first["invitation"] = _invite(office, first["id"], guest.address)
    first["offer"] = _invite(club, bob.account_id, first["address"])
    return {
        "office": office,
        "school": school,
        "guest": {"id": guest.account_id, "sessions": [guest.browser.cookies["session"].value]},
        "offer": _invite(school, bob.account_id, guest.address),
        "people": everybody,
    }


def _come(name: str, office: UUID, school: UUID) -> dict[str, Any]:
    """Make an Alice, who has no organization of her own and is an operator."""
    visitor = enter(name)
    operators.add(address=visitor.address, now=timezone.now())
    settle(visitor.account_id, timezone.now())
    return _equip(visitor, office, school)


def _equip(visitor: Visitor, office: UUID, school: UUID) -> dict[str, Any]:
    """Give somebody three sessions, and a place and an API key in each organization."""
    browsers = [visitor.browser, Client(), Client()]
    for browser in browsers[1:]:
        sign_in(browser, visitor.address)
    keys = {}
    for name, organization_id in (("office", office), ("school", school)):
        if visitor.account_id not in roles(organization_id):
            admit(organization_id, visitor, Role.OWNER)
        keys[name] = api_keys.create(
            account_id=visitor.account_id,
            organization_id=organization_id,
            name="CI",
            expires_at=None,
            now=timezone.now(),
        )
    sessions = [browser.cookies["session"].value for browser in browsers]
    return {
        "id": visitor.account_id,
        "address": visitor.address,
        "sessions": sessions,
        "session_ids": [digest_of_key(session) for session in sessions],
        "keys": {name: key.secret for name, key in keys.items()},
        "key_ids": {name: key.id for name, key in keys.items()},
    }


def _invite(organization_id: UUID, inviter_id: UUID, address: str) -> str:

    [invitation_id] = invite(
        organization_id=organization_id,
        account_id=inviter_id,
        addresses=[address],
        role=Role.MEMBER,
        now=timezone.now(),
    )
    return token_of(invitation_id)
