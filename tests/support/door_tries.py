"""One try for each door of `docs/doors.py`: what has to be there before, and then the try itself.

A try is made in two parts, so that a test can change the world between them: retire the address, or
break the table of claims. The second part gives an answer or raises.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from adieu.accounts.addresses import seal
from adieu.accounts.models import Account
from adieu.accounts.operations import register
from adieu.identities.models import IdentityClaim
from adieu.kit import sql
from adieu.kit.setting_values import SignUp
from adieu.tenancy.invitations import invite, revoke
from adieu.tenancy.models import Invitation, Role
from adieu.tenancy.offers import token_of
from adieu.vault import operations as vault
from tests.support.cast import make_account
from tests.support.entrance import (
    ask_for_reset,
    code_to,
    enter_code,
    resend,
    send,
    sign_in,
    sign_up,
)
from tests.support.people import PASSWORD, join
from tests.support.visitors import Visitor, found

type Act = Callable[[], object]
RESET_CODE = "/accounts/password/reset/confirm/"
NEW_PASSWORD = "/accounts/password/reset/complete/"
SHUT = (
    "login/code/",
    "login/code/confirm/",
    "confirm-email/some-key/",
    "password/set/",
    "password/reset/key/1-set-password/",
    "signup/passkey/",
    "social/signup/",
    "3rdparty/",
)


@dataclass(frozen=True)
class Scene:
    """Bob, who has an account and an organization, and somebody at the door with an address."""

    bob: Visitor
    office: UUID


def set_scene(bob: Visitor) -> Scene:
    """Let Bob found an organization."""
    return Scene(bob, found(bob))


def outsider() -> Client:
    """Give a browser that shows what went wrong as a person would see it."""
    return Client(raise_request_exception=False)


@contextmanager
def by_invitation() -> Iterator[None]:
    """Let only those sign up who are invited."""
    with override_settings(ADIEU=replace(settings.ADIEU, signup=SignUp.INVITATION)):
        yield


def sign_up_page(_scene: Scene, address: str) -> Act:
    """Sign up."""
    browser = outsider()
    return lambda: sign_up(browser, address)


def sign_up_by_link(scene: Scene, address: str) -> Act:
    """Follow an invitation's link where nobody else may sign up."""
    first = _invite(scene, address)

    def act() -> HttpResponse:
        browser = outsider()
        is_live = Invitation.objects.filter(id=first, state="pending").exists()
        # One to an address that was somebody's meanwhile has ended with them; it can be sent again.
        browser.get(f"/invitations/{token_of(first if is_live else _invite(scene, address))}/")
        with by_invitation():
            return sign_up(browser, address)

    return act


def code_after_sign_up(_scene: Scene, address: str) -> Act:
    """Enter the code of a sign-up that was under way."""
    browser = outsider()
    sign_up(browser, address)
    code = code_to(address.strip())
    return lambda: enter_code(browser, code)


def new_code(_scene: Scene, address: str) -> Act:
    """Have another code sent."""
    browser = outsider()
    sign_up(browser, address)
    return lambda: resend(browser)


def sign_in_page(_scene: Scene, address: str) -> Act:
    """Sign in."""
    return lambda: sign_in(outsider(), address)


def ask_for_new_password(_scene: Scene, address: str) -> Act:
    """Ask for a new password."""
    return lambda: ask_for_reset(outsider(), address)


def code_for_new_password(_scene: Scene, address: str) -> Act:
    """Enter the code for a new password, of an account that was there when it was asked for."""
    join(address.strip(), timezone.now(), is_welcomed=False)
    browser = outsider()
    ask_for_reset(browser, address)
    code = code_to(address.strip())
    return lambda: enter_code(browser, code, RESET_CODE)


def set_new_password(_scene: Scene, address: str) -> Act:
    """Set the new password when the code was entered before."""
    browser = outsider()
    join(address.strip(), timezone.now(), is_welcomed=False)
    ask_for_reset(browser, address)
    enter_code(browser, code_to(address.strip()), RESET_CODE)
    return lambda: send(browser, NEW_PASSWORD, {"password1": "five quiet herons stand"})


def invite_address(scene: Scene, address: str) -> Act:
    """Invite, as a page and as REST."""

    def act() -> list[HttpResponse]:
        browser = scene.bob.browser
        browser.raise_request_exception = False
        page = browser.post(
            f"/organizations/{scene.office}/invitations/", {"addresses": address, "role": "member"}
        )
        revoke_all(scene)
        rest = scene.bob.api(
            "POST",
            f"/organizations/{scene.office}/invitations",
            {"emails": [address.strip()], "role": "member"},
        )
        revoke_all(scene)
        return [page, rest]

    return act


def accept_invitation(scene: Scene, address: str) -> Act:
    """Let Bob accept what was sent to the address, as a page and as REST."""
    invitation_id = _invite(scene, address)

    def act() -> list[HttpResponse]:
        token = token_of(invitation_id)
        scene.bob.browser.raise_request_exception = False
        page = scene.bob.post(f"/invitations/{token}/accept/")
        return [page, scene.bob.api("POST", f"/invitations/by-link/{token}/accept")]

    return act


def save_address(_scene: Scene, address: str) -> Act:
    """Save addresses of another account, by every way that calls `save`."""
    person = _person_with(address)
    sealed = seal(address.strip())
    manager = EmailAddress.objects
    return _each(
        lambda: manager.create(user_id=person, email=sealed, verified=True),
        lambda: manager.create(user_id=person, email=sealed, verified=False),
        lambda: manager.get_or_create(user_id=person, email=sealed, defaults={"verified": True}),
        lambda: manager.update_or_create(user_id=person, email=sealed, defaults={"verified": True}),
        lambda: manager.add_new_email(None, Account.objects.get(pk=person), sealed, send_verification=False),
        lambda: EmailAddress(user_id=person, email=sealed, verified=True, primary=True).save(),
    )


def write_past_save(_scene: Scene, address: str) -> Act:
    """Write addresses without `save`."""
    person = _person_with(address)
    sealed = seal(address.strip())
    fields = {"user": str(person), "email": sealed, "primary": False}
    manager = EmailAddress.objects
    waiting = manager.create(user_id=person, email="c" * 64 + "@sealed.invalid")
    return _each(
        lambda: manager.bulk_create([EmailAddress(user_id=person, email=sealed, verified=True)]),
        lambda: manager.bulk_create([EmailAddress(user_id=person, email=sealed)]),
        lambda: manager.filter(pk=waiting.pk).update(email=sealed, verified=True),
        lambda: manager.filter(pk=waiting.pk).update(email=sealed),
        lambda: _load("account.emailaddress", None, fields | {"verified": True}),
        lambda: _load("account.emailaddress", None, fields | {"verified": False}),
    )


def write_account(_scene: Scene, address: str) -> Act:
    """Write accounts."""
    sealed, now = seal(address.strip()), timezone.now()
    person = make_account()
    fields = {"email": sealed, "password": "x", "registered_at": now.isoformat()}

    def change() -> None:
        account = Account.objects.get(pk=person)
        account.email = sealed
        account.save()

    return _each(
        lambda: register(address=address.strip(), password=PASSWORD, now=now),
        lambda: Account.objects.create(email=sealed, registered_at=now),
        lambda: Account.objects.bulk_create([Account(email=sealed, registered_at=now)]),
        lambda: Account.objects.filter(pk=person).update(email=sealed),
        change,
        lambda: _load("accounts.account", "c" * 8 + "-0000-4000-8000-000000000000", fields),
    )


def run_sql(_scene: Scene, address: str) -> Act:
    """Type SQL."""
    person, now = make_account(), timezone.now()
    sealed = seal(address.strip())
    key = sealed.partition("@")[0]
    into = 'INSERT INTO account_emailaddress (user_id, email, verified, "primary")'
    row = [person, sealed]
    return _each(
        lambda: sql.run(f"{into} VALUES (%s, %s, true, false)", row),
        lambda: sql.run(f"{into} VALUES (%s, %s, false, false)", row),
        lambda: sql.run(f"{into} VALUES (%s, %s, true, false) ON CONFLICT DO NOTHING", row),
        lambda: sql.run(
            "INSERT INTO accounts_account (id, email, password, registered_at) VALUES (%s, %s, '', %s)",
            [UUID(int=7), sealed, now],
        ),
        lambda: sql.run("UPDATE accounts_account SET email = %s WHERE id = %s", [sealed, person]),
        lambda: sql.run(
            "INSERT INTO identities_identityclaim (key, rule_version, pepper_version, account_id)"
            " VALUES (%s, 1, 1, %s)",
            [key, person],
        ),
        lambda: sql.run(
            "INSERT INTO identities_identityclaim (key, rule_version, pepper_version, account_id)"
            " VALUES (%s, 1, 1, %s) ON CONFLICT (key)"
            " DO UPDATE SET account_id = excluded.account_id, retired_at = NULL",
            [key, person],
        ),
    )


def create_superuser(_scene: Scene, address: str) -> Act:
    """Run Django's command."""
    return lambda: call_command(
        "createsuperuser", interactive=False, email=seal(address.strip()), stdout=StringIO()
    )


def other_pages(_scene: Scene, address: str) -> Act:
    """Knock where allauth has doors and we have none."""

    def act() -> list[HttpResponse]:
        sent = {"email": address, "login": address, "action_add": "", "action_send": ""}
        pages = [*(f"/accounts/{page}" for page in SHUT), "/admin/", "/_allauth/browser/v1/auth/signup"]
        return [send(outsider(), page, sent) for page in pages]

    return act


TRIES: dict[str, Callable[[Scene, str], Act]] = {
    "sign-up page": sign_up_page,
    "sign-up by an invitation's link": sign_up_by_link,
    "code after sign-up": code_after_sign_up,
    "new code after sign-up": new_code,
    "sign-in": sign_in_page,
    "asking for a new password": ask_for_new_password,
    "code for a new password": code_for_new_password,
    "setting a new password": set_new_password,
    "inviting an address": invite_address,
    "accepting an invitation": accept_invitation,
    "saving an address in Python": save_address,
    "writing addresses past `save`": write_past_save,
    "writing an account in Python": write_account,
    "SQL on the main database": run_sql,
    "createsuperuser": create_superuser,
    "allauth's other pages": other_pages,
}


def what_is_there() -> list[set[tuple[object, ...]]]:
    """List the accounts, addresses and claims."""
    return [
        set(Account.objects.values_list("pk", "email")),
        set(EmailAddress.objects.values_list("pk", "user_id", "email", "verified")),
        set(IdentityClaim.objects.values_list("key", "account_id", "retired_at")),
    ]


def _each(*writes: Act) -> Act:
    """Try every write and give what each raised; one that raised nothing shows."""

    def act() -> list[object]:
        return [_raised(write) for write in writes]

    return act


def _raised(write: Act) -> object:
    try:
        return f"went through: {write()}"
    except Exception as error:  # noqa: BLE001 - what was raised is what the test asks about
        return error


def _person_with(address: str) -> UUID:
    """Make another account whose person says that the address is theirs."""
    person = make_account()
    vault.put(account_id=person, address=address.strip(), now=timezone.now())
    return person


def _load(model: str, key: object, fields: Mapping[str, object]) -> None:
    with TemporaryDirectory() as folder:
        fixture = Path(folder) / "fixture.json"
        fixture.write_text(json.dumps([{"model": model, "pk": key, "fields": fields}]), encoding="utf-8")
        call_command("loaddata", str(fixture), stdout=StringIO())


def _invite(scene: Scene, address: str) -> UUID:
    [invitation_id] = invite(
        organization_id=scene.office,
        account_id=scene.bob.account_id,
        addresses=[address.strip()],
        role=Role.MEMBER,
        now=timezone.now(),
    )
    return invitation_id


def revoke_all(scene: Scene) -> None:
    """Take back what is pending."""
    for row in Invitation.objects.filter(organization_id=scene.office, state="pending"):
        revoke(invitation_id=row.id, account_id=scene.bob.account_id, now=timezone.now())
