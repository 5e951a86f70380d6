"""The floor: the point of no return written by hand, for one database driver and nothing else.

It does what the rules demand of `deletion.crossing.confirm` and no more: the same locks in the same order,
the same checks after them, the same rows changed, one durable commit (Rule D6). It knows no keepers, so it
may ask for several things in one statement, and what the database takes along by its foreign keys it leaves
to it. A test holds the rows that it leaves against those of the product: whoever changes one changes the
other.
"""

import hmac
import json
import re
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from adieu.deletion.consents import TEXTS
from benchmarks import floor_sql
from benchmarks.ledger_by_hand import LedgerByHand


class Refused(Exception):
    """The floor found a reason not to go on. A benchmark has gone wrong."""


class Floor(ABC):
    """Deletes accounts through a connection of its own."""

    record: str
    lock_request: str
    lock_invitations: str
    false: str

    def __init__(self, connection: Any, ledger: Path) -> None:
        """Count statements from here on."""
        self.connection = connection
        self.ledger = LedgerByHand(ledger)
        self.statements = 0

    @abstractmethod
    def begin(self) -> None:
        """Begin the transaction."""

    @abstractmethod
    def lock_rest(self, given: Mapping[str, Any]) -> None:
        """Lock what Note [The order of erasing] names after the request, in its order."""

    @abstractmethod
    def text(self, statement: str) -> Any:
        """Write the parameters as this driver wants them."""

    @abstractmethod
    def stored(self, value: Any) -> Any:
        """Write a value as the tables have it."""

    @abstractmethod
    def loaded(self, value: Any) -> Any:
        """Read what was stored as JSON."""

    def commit(self) -> None:
        """Make it durable."""
        self.statements += 1
        self.connection.commit()

    def rows(self, statement: str, given: Mapping[str, Any]) -> list[Any]:
        """Give the rows of a statement."""
        self.statements += 1
        return list(self.connection.execute(self.text(statement), given).fetchall())

    def run(self, statement: str, given: Mapping[str, Any]) -> int:
        """Run a statement and give how many rows it touched."""
        self.statements += 1
        return int(self.connection.execute(self.text(statement), given).rowcount)

    def leave(self, *, account_id: UUID, code: str, expected: str, session: str, now: datetime) -> None:
        """Delete an account, as `confirm` does; `expected` is the code that was sent."""
        fence, change = uuid4(), uuid4()
        given: dict[str, Any] = {
            "account": self.stored(account_id),
            "account_in_words": str(account_id),
            "now": self.stored(now),
            "week": self.stored(now.date() - timedelta(days=now.weekday())),
            "fence": self.stored(fence),
            "change": self.stored(change),
        }
        check = partial(self.check, given, code=code, expected=expected, session=session)
        body = self.announce(given, check, fence, now)
        self.cross(given, check, {**body, "change": str(change)})
        self.begin()
        given["line"] = self.ledger.append("confirmed", {**body, "change": str(change)}, now)
        self.run(floor_sql.NOTE, given)
        self.commit()

    def announce(
        self, given: dict[str, Any], check: Callable[[], None], fence: UUID, now: datetime
    ) -> dict[str, Any]:
        """Look whether the account can go, and tell the ledger."""
        self.begin()
        check()
        keys = [list(row) for row in self.rows(floor_sql.KEYS, given)]
        if not self.run(floor_sql.FENCE, given):
            raise Refused
        self.commit()
        body = {
            "deletion": _worded(given["request"]),
            "account": given["account_in_words"],
            "fence": str(fence),
            "keys": keys,
        }
        self.ledger.append("intent", body, now)
        return body

    def cross(self, given: dict[str, Any], check: Callable[[], None], body: Mapping[str, Any]) -> None:
        """Look again, under lock, and go."""
        self.begin()
        self.lock_rest(given)
        check()
        if given["found_fence"] != given["fence"]:
            raise Refused
        steps = self.steps(given)
        if not self.run(floor_sql.USE_CODE_UP, given):
            raise Refused
        for statement in (floor_sql.COUNT_REASON, floor_sql.CONFIRM, floor_sql.KEEP_CONSENTS, self.record):
            self.run(statement, given)
        for statement in floor_sql.ERASE:
            self.run(statement, given)
        self.write_steps(steps, given)
        told = {name: value for name, value in body.items() if name != "change"}
        self.run(floor_sql.OWE, {**given, "body": json.dumps(told)})
        self.commit()

    def check(self, given: dict[str, Any], *, code: str, expected: str, session: str) -> None:
        """Lock the request and look at everything (Rules D2, D4)."""
        [found] = self.rows(self.lock_request, given)
        request, reason, fence, number, bound_session, owned, texts, expires_at = found
        given |= {"request": request, "reason": reason, "number": number, "found_fence": fence}
        organizations = self.rows(floor_sql.OWNED_ORGANIZATIONS, given)
        mine = [f"organization:{_worded(id_)}" for id_, _ in organizations]
        mine += [f"project:{_worded(id_)}" for (id_,) in self.rows(floor_sql.OWNED_PROJECTS, given)]
        if not (
            bound_session == session
            and expires_at > given["now"]
            and self.loaded(owned) == sorted(mine)
            and self.loaded(texts) == list(TEXTS)
            and hmac.compare_digest(code, expected)
            and all(count > 1 for _, count in organizations)
        ):
            raise Refused

    def steps(self, given: Mapping[str, Any]) -> list[tuple[str, str, str, dict[str, str]]]:
        """Say what is left to do."""
        ended = ",".join(_worded(id_) for (id_,) in self.rows(floor_sql.ENDED_REQUESTS, given))
        sent: dict[str, int] = {}
        invitations = self.rows(self.lock_invitations, given)
        for organization, is_mine in invitations:
            if is_mine:
                sent[_worded(organization)] = sent.get(_worded(organization), 0) + 1
        counts = {id_: str(count) for id_, count in sent.items()}
        tell = ("tenancy", "tell_owners", "Tell owners how many of your invitations ended", counts)
        addresses = (
            "tenancy",
            "erase_invited_addresses",
            "Erase the addresses of invitations that ended",
            dict[str, str](),
        )
        return [
            ("deletion", "part_comment", "Part your comment, if any, from you", {"ended_requests": ended}),
            *([tell] if sent else []),
            *([addresses] if invitations else []),
            ("notices", "erase_mail", "Erase mail that was waiting to be sent to you", {}),
            ("vault", "erase_sessions", "Erase what your browsers' sessions held", {}),
            ("vault", "cut_down", "Erase your name, company and country", {}),
        ]

    def write_steps(
        self, steps: list[tuple[str, str, str, dict[str, str]]], given: Mapping[str, Any]
    ) -> None:
        """Write the steps in one statement."""
        values = dict(given)
        for number, (keeper, name, title, payload) in enumerate(steps):
            values |= {
                f"id{number}": self.stored(uuid4()),
                f"keeper{number}": keeper,
                f"name{number}": name,
                f"title{number}": title,
                f"payload{number}": json.dumps(payload),
            }
        self.run(self.write_steps_of(len(steps)), values)

    def write_steps_of(self, count: int) -> str:
        """Give the statement for so many steps."""
        return floor_sql.WRITE_STEPS + ", ".join(
            floor_sql.STEP.format(at, at + 1, self.false, floor_sql.NEW_STEP) for at in range(count)
        )


class SqliteFloor(Floor):
    """Through `sqlite3`; a transaction that is immediate is alone, so there is nothing to lock."""

    record = floor_sql.RECORD.format(random_id="lower(hex(randomblob(16)))")
    lock_request = floor_sql.LOCK_REQUEST
    lock_invitations = floor_sql.LOCK_INVITATIONS
    false = "0"

    def __init__(self, file: Path, pragmas: str, ledger: Path) -> None:
        """Open a connection that commits by itself, set up as the product's are."""
        super().__init__(sqlite3.connect(file, isolation_level=None), ledger)
        self.connection.executescript(f"PRAGMA foreign_keys=ON; {pragmas}")

    def begin(self) -> None:
        """Begin as the only one who writes."""
        self.run("BEGIN IMMEDIATE", {})

    def lock_rest(self, given: Mapping[str, Any]) -> None:
        """Do nothing: nobody else can write."""

    def text(self, statement: str) -> str:
        """Leave a statement as it is."""
        return statement

    def stored(self, value: Any) -> Any:
        """Write a value as the tables have it."""
        if isinstance(value, UUID):
            return value.hex
        return str(value.replace(tzinfo=None)) if isinstance(value, datetime) else str(value)

    def loaded(self, value: str) -> Any:
        """Read what was stored as JSON."""
        return json.loads(value)


class PostgresqlFloor(Floor):
    """Through `psycopg`, with what it does by itself: statements that come again are prepared."""

    lock_request = f"{floor_sql.LOCK_REQUEST} FOR UPDATE"
    lock_invitations = f"{floor_sql.LOCK_INVITATIONS} FOR UPDATE"
    record = floor_sql.RECORD.format(random_id="gen_random_uuid()")
    false = "false"

    def __init__(self, parts: Mapping[str, Any], ledger: Path) -> None:
        """Open a connection to the server, database and so on that are named."""
        super().__init__(psycopg.connect(**parts), ledger)
        self.texts: dict[str, str] = {}

    def begin(self) -> None:
        """Do nothing: the driver begins with the first statement."""
        self.statements += 1

    def lock_rest(self, given: Mapping[str, Any]) -> None:
        """Lock what Note [The order of erasing] names, in its order."""
        for statement in (
            floor_sql.LOCK_ACCOUNT,
            floor_sql.LOCK_CLAIMS,
            floor_sql.LOCK_ORGANIZATIONS,
            floor_sql.LOCK_PROJECTS,
        ):
            self.run(statement, given)

    def text(self, statement: str) -> Any:
        """Write the parameters as this driver wants them."""
        if statement not in self.texts:
            self.texts[statement] = re.sub(r":(\w+)", r"%(\1)s", statement)
        return self.texts[statement]

    def stored(self, value: Any) -> Any:
        """Leave a value to the driver."""
        return value

    def loaded(self, value: Any) -> Any:
        """JSON is read already."""
        return value


def _worded(id_: UUID | str) -> str:
    return str(id_ if isinstance(id_, UUID) else UUID(id_))
