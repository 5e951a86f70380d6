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
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from adieu.deletion.consents import TEXTS

LOCK_REQUEST = """
    SELECT r.id, r.reason, v.number, v.session_digest, v.owned, v.consent_texts, v.expires_at
    FROM deletion_deletionrequest r JOIN deletion_verification v ON v.request_id = r.id
    WHERE r.account_id = :account AND r.state = 'open'
"""
LOCK_ACCOUNT = "SELECT 1 FROM accounts_account WHERE id = :account FOR UPDATE"
LOCK_CLAIMS = "SELECT key FROM identities_identityclaim WHERE account_id = :account ORDER BY key FOR UPDATE"
LOCK_ORGANIZATIONS = """
    SELECT 1 FROM tenancy_organization WHERE id IN
    (SELECT organization_id FROM tenancy_organizationmembership WHERE account_id = :account)
    ORDER BY id FOR UPDATE
"""
LOCK_PROJECTS = """
    SELECT 1 FROM tenancy_project WHERE id IN
    (SELECT project_id FROM tenancy_projectmembership WHERE member_id IN
    (SELECT id FROM tenancy_organizationmembership WHERE account_id = :account))
    ORDER BY id FOR UPDATE
"""
# With the counts, so that one look serves both the code (Rule D4) and the blockers (Rule D2).
OWNED_ORGANIZATIONS = """
    SELECT o.id, o.owner_count FROM tenancy_organizationmembership m JOIN tenancy_organization o
    ON o.id = m.organization_id WHERE m.account_id = :account AND m.role = 'owner'
"""
OWNED_PROJECTS = """
    SELECT p.project_id FROM tenancy_projectmembership p JOIN tenancy_organizationmembership m
    ON m.id = p.member_id WHERE m.account_id = :account AND p.role = 'owner'
"""
ENDED_REQUESTS = "SELECT id FROM deletion_deletionrequest WHERE account_id = :account AND state = 'ended'"
ABOUT = """
    state = 'pending' AND id IN (
    SELECT id FROM tenancy_invitation WHERE inviter_id IN
    (SELECT id FROM tenancy_organizationmembership WHERE account_id = :account)
    UNION ALL SELECT id FROM tenancy_invitation WHERE address_key IN
    (SELECT key FROM identities_identityclaim WHERE account_id = :account))
"""
LOCK_INVITATIONS = f"""
    SELECT organization_id, inviter_id IN
    (SELECT id FROM tenancy_organizationmembership WHERE account_id = :account)
    FROM tenancy_invitation WHERE {ABOUT} ORDER BY id
"""  # noqa: S608 - constants
USE_CODE_UP = """
    DELETE FROM deletion_verification
    WHERE request_id = :request AND number = :number AND used_up_at IS NULL
"""
COUNT_REASON = """
    INSERT INTO deletion_reasoncount (week, reason, count) VALUES (:week, :reason, 1)
    ON CONFLICT (week, reason) DO UPDATE SET count = deletion_reasoncount.count + 1
"""
CONFIRM = """
    UPDATE deletion_deletionrequest SET account_id = NULL, former_account_id = :account, state = 'erasing',
    reason = '', confirmed_at = :now WHERE id = :request
"""
KEEP_CONSENTS = f"""
    INSERT INTO deletion_consent (request_id, text_id, given_at)
    VALUES {", ".join(f"(:request, '{text}', :now)" for text in TEXTS)}
"""  # noqa: S608 - constants
RECORD = """
    INSERT INTO activities_activity (id, organization_id, kind, level, actor_id, subject_kind, subject_id,
    subject_name, subject_name_key, recorded_at)
    SELECT {random_id}, organization_id, 'organization.member_erased', 'warning', :account, 'account',
    :account_in_words, '', '', :now FROM tenancy_organizationmembership WHERE account_id = :account
"""
# What hangs on these rows goes with them: places in projects, API keys, agreements, sessions, welcomes.
ERASE = (
    "DELETE FROM deletion_deletionrequest WHERE account_id = :account",
    "UPDATE tenancy_organization SET contact_id = NULL WHERE contact_id = :account",
    f"UPDATE tenancy_invitation SET state = 'revoked', ended_at = :now, address_key = '' WHERE {ABOUT}",  # noqa: S608
    "DELETE FROM tenancy_organizationmembership WHERE account_id = :account",
    (
        "UPDATE notices_notice SET state = 'given_up', settled_at = :now, leased_until_at = NULL"
        " WHERE account_id = :account AND state = 'owed'"
    ),
    "UPDATE identities_identityclaim SET account_id = NULL, retired_at = :now WHERE account_id = :account",
    (
        "DELETE FROM account_emailconfirmation WHERE email_address_id IN"
        " (SELECT id FROM account_emailaddress WHERE user_id = :account)"
    ),
    "DELETE FROM account_emailaddress WHERE user_id = :account",
    "DELETE FROM accounts_account WHERE id = :account",
)
STEP = "(:id{0}, :request, {1}, :keeper{0}, :name{0}, :title{0}, :payload{0}, {2}, {3})"
NEW_STEP = "'waiting', 0, 0, '', 0, :now, :now"
WRITE_STEPS = """
    INSERT INTO deletion_erasurestep (id, request_id, position, keeper, name, title, payload,
    is_after_completion, state, attempts, failures, last_error, epoch, asked_at, next_attempt_at) VALUES
"""


class Refused(Exception):
    """The floor found a reason not to go on. A benchmark has gone wrong."""


class Floor(ABC):
    """Deletes accounts through a connection of its own."""

    record: str
    lock_request: str
    lock_invitations: str
    false: str

    def __init__(self, connection: Any) -> None:
        """Count statements from here on."""
        self.connection = connection
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
        self.begin()
        given: dict[str, Any] = {
            "account": self.stored(account_id),
            "account_in_words": str(account_id),
            "now": self.stored(now),
            "week": self.stored(now.date() - timedelta(days=now.weekday())),
        }
        self.check(given, code=code, expected=expected, session=session)
        steps = self.steps(given)
        if not self.run(USE_CODE_UP, given):
            raise Refused
        for statement in (COUNT_REASON, CONFIRM, KEEP_CONSENTS, self.record):
            self.run(statement, given)
        for statement in ERASE:
            self.run(statement, given)
        self.write_steps(steps, given)
        self.commit()

    def check(self, given: dict[str, Any], *, code: str, expected: str, session: str) -> None:
        """Lock everything, then look at it again (Rules D2, D4)."""
        [found] = self.rows(self.lock_request, given)
        request, reason, number, bound_session, owned, texts, expires_at = found
        given |= {"request": request, "reason": reason, "number": number}
        self.lock_rest(given)
        organizations = self.rows(OWNED_ORGANIZATIONS, given)
        mine = [f"organization:{_worded(id_)}" for id_, _ in organizations]
        mine += [f"project:{_worded(id_)}" for (id_,) in self.rows(OWNED_PROJECTS, given)]
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
        ended = ",".join(_worded(id_) for (id_,) in self.rows(ENDED_REQUESTS, given))
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
        return WRITE_STEPS + ", ".join(STEP.format(at, at + 1, self.false, NEW_STEP) for at in range(count))


class SqliteFloor(Floor):
    """Through `sqlite3`; a transaction that is immediate is alone, so there is nothing to lock."""

    record = RECORD.format(random_id="lower(hex(randomblob(16)))")
    lock_request = LOCK_REQUEST
    lock_invitations = LOCK_INVITATIONS
    false = "0"

    def __init__(self, file: Path, pragmas: str) -> None:
        """Open a connection that commits by itself, set up as the product's are."""
        super().__init__(sqlite3.connect(file, isolation_level=None))
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

    lock_request = f"{LOCK_REQUEST} FOR UPDATE"
    lock_invitations = f"{LOCK_INVITATIONS} FOR UPDATE"
    record = RECORD.format(random_id="gen_random_uuid()")
    false = "false"

    def __init__(self, parts: Mapping[str, Any]) -> None:
        """Open a connection to the server, database and so on that are named."""
        super().__init__(psycopg.connect(**parts))
        self.texts: dict[str, str] = {}

    def begin(self) -> None:
        """Do nothing: the driver begins with the first statement."""
        self.statements += 1

    def lock_rest(self, given: Mapping[str, Any]) -> None:
        """Lock what Note [The order of erasing] names, in its order."""
        for statement in (LOCK_ACCOUNT, LOCK_CLAIMS, LOCK_ORGANIZATIONS, LOCK_PROJECTS):
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
