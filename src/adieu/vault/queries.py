"""Reading who a person is, for display and for sending."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from adieu.vault.models import Entry, InvitedAddress

DELETED_ACCOUNT = "Deleted account"


@dataclass(frozen=True)
class Person:
    """The personal data of one account."""

    address: str
    name: str
    company: str
    country: str


def read(account_ids: Iterable[UUID]) -> dict[UUID, Person]:
    """Read the entries of many accounts in one query; who has none is missing in the answer."""
    entries = Entry.objects.filter(account_id__in=set(account_ids))
    return {entry.account_id: _person(entry) for entry in entries}


def all_addresses() -> Iterator[str]:
    """Give every address that the vault knows, of accounts and of invitations."""
    yield from Entry.objects.values_list("address", flat=True).iterator()
    yield from InvitedAddress.objects.values_list("address", flat=True).iterator()


def display_name(people: Mapping[UUID, Person], account_id: UUID) -> str:
    """Give what an account is called: its name, else its address, else "Deleted account" (Rule P4)."""
    person = people.get(account_id)
    if person is None:
        return DELETED_ACCOUNT
    return person.name or person.address


def _person(entry: Entry) -> Person:
    return Person(entry.address, entry.name, entry.company, entry.country)
