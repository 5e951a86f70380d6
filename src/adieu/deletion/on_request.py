"""An operator deletes an account on its person's request: the same way, with a reason (Rule D12).

Note [On request]

What the person proves with a code, the operator answers for: by the address that is typed, a reason, and a
line in the operator log. All else is the same: the request and its fence, the ledger, the locks, the
blockers, the order of erasing, the steps, the receipt and the mails. If the person has asked to leave, their
request is taken over; else one is made, without a reason, which is gone again when nothing comes of it.

What is in the way is refused as it would be to the person, unless the operator says what becomes of it. Then
that happens in the one transaction, so a crash leaves all of it or nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from adieu.activities.kinds import OperatorKind, OperatorReason
from adieu.activities.operator_log import record_act
from adieu.core.canonical import NotAnAddress
from adieu.core.keeping import Blocker, Description, Going, Override
from adieu.deletion.crossing import go
from adieu.deletion.intents import ConfirmationUnderWay
from adieu.deletion.keepers import find_blockers, settle_blockers
from adieu.deletion.models import DeletionRequest, RequestState
from adieu.deletion.requests import DeletionBlocked, refuse_if_blocked
from adieu.deletion.unsettled import unsettled_deletions
from adieu.identities.queries import is_claimed_by
from adieu.kit import sql
from adieu.kit.crashing import crash_point
from adieu.kit.errors import Fact

OPEN = """
    INSERT INTO deletion_deletionrequest (id, account_id, state, reason, opened_at, is_by_operator)
    VALUES (%s, %s, 'open', '', %s, %s) ON CONFLICT DO NOTHING
"""
TOLD_OF_HANDING_OVER = "Whoever takes over what was yours alone, by a mail."
TOLD_OF_DELETING = "The members of organizations that were yours alone, by a mail."


class NotTheirAddress(Fact):
    """This is not an address of that account."""


class OwnAccount(Fact):
    """This is your own account. Delete it in your account settings."""


class HeirIsLeaver(Fact):
    """What somebody leaves behind cannot be handed over to themselves."""


class AccountUnsettled(Fact):
    """A restore left open whether this account was deleted. Settle that first, by `adieu ledger settle`."""


class HeirUnsettled(Fact):
    """A restore left open whether the account that should take over was deleted. Nothing was deleted."""


@dataclass(frozen=True)
class Order:
    """What an operator orders."""

    account_id: UUID
    address: str
    """As it was typed; must be an address of the account."""
    reason: OperatorReason
    actor_id: UUID | None = None
    """Which operator's account; None for a command on the machine itself."""
    override: Override | None = None
    """What becomes of what is in the way; none to be refused."""
    seen: frozenset[str] | None = None
    """The ids of what was in the way when the operator decided; none if all of it is meant."""


def delete_on_request(order: Order, *, now: datetime) -> UUID:
    """Delete somebody's account for good; see Note [On request].

    Returns:
        The deletion's id.

    Raises:
        OwnAccount, HeirIsLeaver: nothing was changed, nor was anything by what follows.
        NotTheirAddress: the address is another, or the account is gone.
        AccountUnsettled, HeirUnsettled: nobody knows since a restore whether the account is to be there.
        DeletionBlocked: something is in the way, or more than was seen.
        ConfirmationUnderWay: its person, or another operator, does it at this moment.
        UnableToAppend: the ledger could not be told.
        Fact: what a keeper says that cannot settle what is in the way as it was decided.
    """
    if order.actor_id == order.account_id:
        raise OwnAccount
    if order.override and order.override.heir_id == order.account_id:
        raise HeirIsLeaver
    return go(ByOperator(order), now=now)


class ByOperator:
    """An operator confirms."""

    is_by_operator = True

    def __init__(self, order: Order) -> None:
        self._order = order
        self.account_id = order.account_id
        self.heir_id = order.override.heir_id if order.override else None

    def lock(self, *, now: datetime) -> DeletionRequest:
        """Lock the account's open request, or make one.

        Raises:
            NotTheirAddress: the account is gone, or has another address.
            AccountUnsettled, HeirUnsettled: it waits for an operator's word, or whoever takes over does.
            ConfirmationUnderWay: the request is gone, because its person has kept the account.
        """
        # Whoever deletes the account at this moment has its request: this waits for them.
        sql.run(OPEN, [uuid4(), self.account_id, now, True])
        requests = DeletionRequest.objects.filter(account_id=self.account_id, state=RequestState.OPEN)
        request = requests.select_for_update().first()
        self._refuse_other_address()
        self._refuse_unsettled()
        if request is None:
            raise ConfirmationUnderWay
        return request

    def refusal(self, *, now: datetime) -> None:
        """An operator has no tries."""

    def look(self) -> Description | None:
        """Make sure that nothing is in the way of which nobody has decided."""
        if self._order.override is None:
            refuse_if_blocked(account_id=self.account_id)
            return None
        return _besides(self._seen_blockers(), self._order.override)

    def settle(self, *, now: datetime) -> None:
        """Do with what is in the way what was decided."""
        if self._order.override is None:
            return
        self._seen_blockers()
        settle_blockers(account_id=self.account_id, override=self._order.override, now=now)
        crash_point("on_request.settled")

    def prove(self, request: DeletionRequest, *, now: datetime) -> None:
        """Record who deletes, and why."""
        record_act(
            kind=OperatorKind.ACCOUNT_DELETED,
            reason=self._order.reason,
            subject_id=str(request.id),
            actor_id=self._order.actor_id,
            now=now,
        )
        crash_point("on_request.recorded")

    def keep_consents(self, request: DeletionRequest, *, now: datetime) -> None:
        """Nobody has ticked anything."""

    def _refuse_other_address(self) -> None:
        try:
            is_theirs = is_claimed_by(
                kind="email", identifier=self._order.address, account_id=self.account_id
            )
        except NotAnAddress as error:
            raise NotTheirAddress from error
        if not is_theirs:
            raise NotTheirAddress

    def _refuse_unsettled(self) -> None:
        # The word about the first deletion would come after this one in the ledger, and free the addresses
        # that this one retired when both are replayed (Rule L2).
        waiting = {account_id for _, account_id in unsettled_deletions()}
        if self.account_id in waiting:
            raise AccountUnsettled
        if self.heir_id in waiting:
            raise HeirUnsettled

    def _seen_blockers(self) -> Sequence[Blocker]:
        blockers = find_blockers(account_id=self.account_id)
        seen = self._order.seen
        if seen is not None and any(blocker.subject.id not in seen for blocker in blockers):
            raise DeletionBlocked(blockers)
        return blockers


def _besides(blockers: Sequence[Blocker], override: Override) -> Description | None:
    """Tell what the receipt has to say of what is in the way."""
    count = sum(blocker.subject.kind == "organization" for blocker in blockers)
    if not count:
        # A project in somebody else's organization stays there, and nobody is told by mail who gets it.
        return None
    if override.heir_id is not None:
        return Description(told=(TOLD_OF_HANDING_OVER,))
    going = Going("organization that was yours alone", "organizations that were yours alone", count)
    return Description(goes=(going,), told=(TOLD_OF_DELETING,))
