"""`adieu doctor`: what this installation is made of, and what is wrong with it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import version

from django.conf import settings
from django.core.mail import EmailMessage, mailers
from django.db import DatabaseError
from django.utils import timezone

from adieu.kit import logs
from adieu.kit.environment import PREFIX, SECRETS, Environment
from adieu.kit.errors import UnableToStart
from adieu.ops import deletions, inventory, ledgers, peppers, signing, vaults
from adieu.ops.preparing import is_waiting, mail_goes
from adieu.vault import copies

WAITS = "waits for `adieu migrate`"


class MailDidNotGo(UnableToStart):
    """The mail server did not take the mail."""


def examine() -> bool:
    """Print what is found, and return whether all is well."""
    print(f"Adieu {version('adieu')}, Django {version('django')}, SQLite {sqlite3.sqlite_version}")
    for line in _settings(settings.ADIEU):
        print(line)
    print(f"Mail goes {mail_goes(settings.ADIEU)}")
    states = {alias: _state(alias) for alias in settings.DATABASES}
    findings = [f"the {alias} database {state}" for alias, state in states.items() if state]
    if all(state in {"", WAITS} for state in states.values()):
        print(f"The vault is {vaults.kind()}")
        # Before it is migrated, too: then is the time to mend the server.
        findings += [f"ADIEU_VAULT_URL: {problem}" for problem in vaults.problems()]
    # A database that waits to be migrated cannot be asked what is in it.
    if not any(states.values()):
        for line in (peppers.kind(), *inventory.lines()):
            print(line)
        findings += [*_whose(), *peppers.problems(), *peppers.findings()]
        findings += [*deletions.findings(), *ledgers.problems(), *ledgers.findings()]
        findings += inventory.findings(now=timezone.now())
        findings += [*signing.problems(), *copies.problems(now=timezone.now())]
    for finding in findings:
        print(f"WRONG   {finding}")
    if not findings:
        print("All is well.")
    return not findings


def send_test_mail(address: str) -> None:
    """Send one mail over the configured way.

    Raises:
        MailDidNotGo: the server cannot be reached, or does not take it.
    """
    mail = EmailMessage(
        subject="A test mail from Adieu",
        body="Mail from this Adieu arrives.",
        to=[address],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        mailers.default.send_messages([mail])
    except (OSError, ValueError) as error:
        # The server's own words may quote the address.
        numbers = " ".join([type(error).__name__, *logs.numbers(error)])
        raise MailDidNotGo(f"The test mail did not go ({numbers}).") from None


def _settings(environment: Environment) -> Iterator[str]:
    for each in fields(environment):
        name = PREFIX + each.name.upper()
        value = getattr(environment, each.name)
        is_secret = name in SECRETS or not each.repr
        yield f"{name} = {('(given)' if value else '(not given)') if is_secret else _shown(value)}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(str(each) for each in value) or "(none)"
    return "(none)" if value is None else str(value)


def _state(alias: str) -> str:
    """Say what keeps a database from being used; nothing when it can be."""
    try:
        return WAITS if is_waiting(alias) else ""
    except DatabaseError as error:
        return f"cannot be used ({type(error).__name__})"


def _whose() -> Iterator[str]:
    try:
        vaults.require_ours()
    except UnableToStart as fact:
        yield str(fact)
