"""The addresses that somebody wants to invite: each is looked at before anything is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adieu.accounts.addresses import KIND, key_of, seal
from adieu.core.canonical import NotAnAddress
from adieu.identities.queries import holders_of
from adieu.kit.errors import Fact
from adieu.kit.transactions import transaction_required
from adieu.tenancy import endings
from adieu.tenancy.models import Invitation, InvitationState, OrganizationMembership
from adieu.tenancy.ownership import AlreadyMember

MOST_AT_ONCE = 100
MOST_PENDING = 100


class TooManyAddresses(Fact):
    """At most 100 addresses can be invited at once."""


class NoAddresses(Fact):
    """Name at least one address."""


class TooManyInvitations(Fact):
    """An organization has at most 100 pending invitations."""


class AlreadyInvited(Fact):
    """This address is invited already."""


@dataclass(frozen=True)
class Invitee:
    """An address that can be invited: which one it was, counted from 1, as typed, and its claim key."""

    number: int
    address: str
    key: str


@dataclass(frozen=True)
class Misfit:
    """An address that cannot be invited, and why."""

    number: int
    address: str
    reason: NotAnAddress | AlreadyMember | AlreadyInvited


class AddressesNotFit(Fact):
    """Not every address can be invited, so no invitation was sent."""

    def __init__(self, misfits: Sequence[Misfit]) -> None:
        super().__init__()
        self.misfits = tuple(misfits)


def invitees_of(addresses: Sequence[str]) -> list[Invitee]:
    """Give the mailboxes behind addresses; one that is there twice counts once.

    Raises:
        NoAddresses, TooManyAddresses: there is none, or there are more than 100.
        AddressesNotFit: mail cannot be sent to some.
    """
    # Their number first, so that ten thousand cost nothing.
    if len(addresses) > MOST_AT_ONCE:
        raise TooManyAddresses
    if not addresses:
        raise NoAddresses
    found: dict[str, Invitee] = {}
    misfits = []
    for number, address in enumerate(map(str.strip, addresses), start=1):
        try:
            key = key_of(seal(address))
        except NotAnAddress as reason:
            misfits.append(Misfit(number, address, reason))
        else:
            found.setdefault(key, Invitee(number, address, key))
    if misfits:
        raise AddressesNotFit(misfits)
    return list(found.values())


@transaction_required
def refuse_misfits(*, organization_id: UUID, invitees: Sequence[Invitee], now: datetime) -> None:
    """Refuse those who belong to an organization or are invited to it; it is locked.

    Raises:
        AddressesNotFit: with every one of them.
        TooManyInvitations: with them there would be more than 100.
    """
    here = Invitation.objects.filter(organization_id=organization_id)
    # What ran out a moment ago is in nobody's way.
    endings.end(here.filter(expires_at__lte=now), state=InvitationState.EXPIRED, now=now)
    pending = set(here.filter(state=InvitationState.PENDING).values_list("address_key", flat=True))
    members = _members_among(organization_id, invitees)
    misfits = [
        Misfit(invitee.number, invitee.address, AlreadyMember() if invitee in members else AlreadyInvited())
        for invitee in invitees
        if invitee in members or invitee.key in pending
    ]
    if misfits:
        raise AddressesNotFit(misfits)
    if len(pending) + len(invitees) > MOST_PENDING:
        raise TooManyInvitations


def _members_among(organization_id: UUID, invitees: Sequence[Invitee]) -> set[Invitee]:
    holders = holders_of(kind=KIND, identifiers=[invitee.address for invitee in invitees])
    memberships = OrganizationMembership.objects.filter(organization_id=organization_id)
    members = set(memberships.filter(account_id__in=holders.values()).values_list("account_id", flat=True))
    return {invitee for invitee in invitees if holders.get(invitee.address) in members}
