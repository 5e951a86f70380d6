"""Alice, Bob and who signs up with Alice's address, on a real database: what people do in a trace.

The model takes a transaction statement by statement; here the whole operation is done where the model commits
it, or refuses it. Until then others could see nothing of it, and whoever would have had to wait for it does
nothing in the trace before that. What waits for what inside is played in `tests/conformance`.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import IntegrityError
from django.db.models import Sum

from adieu.accounts import operations as accounts
from adieu.accounts.models import Session
from adieu.deletion import requests, verification
from adieu.deletion.models import Reason, ReasonCount, Verification
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction
from adieu.tenancy import invitations, members, ownership
from adieu.tenancy.models import OrganizationMembership, Role
from adieu.tenancy.operations import create_organization
from adieu.vault import operations as vault
from tests.protocol.leaving import OTHER
from tests.protocol.state import GONE, VERIFIED, Main
from tests.support.people import PASSWORD, SESSION, confirm, current_code, join

FAR = timedelta(days=900)
REASONS = {"alice": Reason.PRIVACY, "bob": Reason.NOT_SAID}


class NothingThere(Fact):
    """A person would find no button for this."""


# The refusals of the code: an operation that ends with one has changed nothing.
REFUSALS = (Fact, IntegrityError)


@dataclass
class World:
    """Who there is, and what they can do."""

    now: datetime
    first: Main
    ids: dict[str, UUID] = field(default_factory=dict)
    organization_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        """Make things as the model begins."""
        self.address = f"alice.{secrets.token_hex(4)}@example.org"
        self.counted_before = self._reasons()
        self.ids["bob"] = join(f"bob.{secrets.token_hex(4)}@example.org", self.now, is_welcomed=False)
        self.organization_id = create_organization(
            account_id=self.ids["bob"], name="Lighthouse", now=self.now
        )
        if self.first.account_alice == VERIFIED:
            self._let_alice_in()
        for who in ("alice", "bob"):
            if getattr(self.first, f"request_{who}"):
                self.ask(who)

    def _let_alice_in(self) -> None:
        """Make Alice an owner with a profile and an invitation, so that every step has something to do."""
        alice = self.ids["alice"] = join(self.address, self.now, is_welcomed=False)
        vault.change_profile(account_id=alice, name="Alice", company="", country="")
        with transaction():
            ownership.admit(
                organization_id=self.organization_id, account_id=alice, role=Role.OWNER, now=self.now
            )
        invitations.invite(
            organization_id=self.organization_id,
            account_id=alice,
            addresses=[f"charlie.{secrets.token_hex(4)}@example.org"],
            role=Role.MEMBER,
            now=self.now,
        )

    def ask(self, who: str) -> None:
        """Open a request and owe its code, past the limits of sending."""
        requests.open_request(account_id=self._id(who), reason=REASONS[who], comment="", now=self.now)
        verification._owe_code(account_id=self._id(who), session_digest=SESSION, now=self.now)

    def confirm(self, who: str) -> None:
        """Confirm; what others changed meanwhile is shown, and confirmed again (Rule D4)."""
        if not Verification.objects.filter(request__account_id=self._id(who)).exists():
            raise NothingThere
        code = current_code(self._id(who))
        try:
            confirm(self._id(who), code, self.now)
        except verification.OwnThingsChanged:
            confirm(self._id(who), code, self.now)

    def change(self, who: str, whom: str, role: Role) -> None:
        """Promote or demote."""
        if role == self.role_of(whom):
            raise NothingThere
        members.change_role(
            organization_id=self.organization_id,
            account_id=self._id(who),
            member_id=self._id(whom),
            role=role,
            now=self.now,
        )

    def remove(self, who: str) -> None:
        """Remove the other."""
        members.remove_member(
            organization_id=self.organization_id,
            account_id=self._id(who),
            member_id=self._id(OTHER[who]),
            now=self.now,
        )

    def leave(self, who: str) -> None:
        """Leave the organization."""
        members.leave_organization(
            organization_id=self.organization_id, account_id=self._id(who), now=self.now
        )

    def sign_up(self, who: str, *, has_seen_namesake: bool) -> None:
        """Sign up; who looked before another's sign-up was committed did not find it."""
        if has_seen_namesake:
            self.ids[who] = accounts.register(address=self.address, password=PASSWORD, now=self.now).pk
            return
        account = accounts._new(self.address, PASSWORD, self.now)
        vault.put(account_id=account.pk, address=self.address, now=self.now)
        with transaction():
            accounts._write(account, self.now)
        self.ids[who] = account.pk

    def verify(self, who: str) -> None:
        """Save the address as verified, which claims it."""
        row = EmailAddress.objects.filter(user_id=self._id(who), verified=False).first()
        if row is None:
            raise NothingThere
        row.verified = True
        row.save()

    def sweep(self) -> None:
        """Erase who signed up with the address, unless they verified it."""
        if not accounts._erase_alone(self._id("twin"), self.now):
            raise NothingThere

    def add_key(self) -> None:
        """Write a row that hangs on Alice's account, as a new session is."""
        Session.objects.create(
            key_digest=secrets.token_hex(32),
            account_id=self._id("alice"),
            started_at=self.now,
            last_seen_at=self.now,
            expires_at=self.now + FAR,
        )

    def role_of(self, who: str) -> str:
        """Read a role, from the database."""
        rows = OrganizationMembership.objects.filter(
            organization_id=self.organization_id, account_id=self._id(who)
        )
        return rows.values_list("role", flat=True).first() or GONE

    def reasons(self) -> int:
        """Tell how often Alice's reason was counted."""
        return self._reasons() - self.counted_before

    def _reasons(self) -> int:
        rows = ReasonCount.objects.filter(reason=REASONS["alice"])
        return rows.aggregate(all=Sum("count"))["all"] or 0

    def _id(self, who: str) -> UUID:
        # Nobody's, for whoever has not signed up yet.
        return self.ids.get(who, UUID(int=0))
