"""What an organization says about itself."""

import zoneinfo
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from adieu.core.names import clean_name
from adieu.core.texts import clean_text
from adieu.kit.errors import Fact
from adieu.tenancy.models import OrganizationMembership

LONGEST_DESCRIPTION = 500
LONGEST_WEBSITE = 200


class NotAWebsite(Fact):
    """A website starts with https:// or http:// and names a host."""


class TimeZoneNotKnown(Fact):
    """This time zone is not in the IANA database."""


class ContactNotAMember(Fact):
    """The contact is a member of the organization."""


@dataclass(frozen=True)
class Information:
    """An organization's name and what it says about itself; the contact is a member (Rule P1)."""

    name: str
    description: str = ""
    website: str = ""
    contact_id: UUID | None = None
    time_zone: str = "UTC"


@cache
def time_zones() -> tuple[str, ...]:
    """Name every time zone of the IANA database, "UTC" first; they are files, so they are looked up once."""
    names = zoneinfo.available_timezones() - {"UTC", "localtime", "Factory"}
    return ("UTC", *sorted(names))


def clean_information(information: Information, *, organization_id: UUID) -> dict[str, Any]:
    """Give the fields as they are stored.

    Raises:
        NameNotAllowed, TextNotAllowed, NotAWebsite, TimeZoneNotKnown, ContactNotAMember: one is not fit.
    """
    if information.time_zone not in time_zones():
        raise TimeZoneNotKnown
    return {
        "name": clean_name(information.name),
        "description": clean_text(information.description, longest=LONGEST_DESCRIPTION),
        "website": _clean_website(information.website),
        "contact_id": _clean_contact(information.contact_id, organization_id),
        "time_zone": information.time_zone,
    }


def _clean_website(website: str) -> str:
    cleaned = clean_text(website, longest=LONGEST_WEBSITE)
    try:
        parts = urlsplit(cleaned)
        # Reading it checks it.
        _ = parts.port
    except ValueError as error:
        raise NotAWebsite from error
    # Nothing but these two: a link with another scheme would run in whoever clicks it.
    is_plain = "@" not in parts.netloc
    is_fit = parts.scheme in {"http", "https"} and bool(parts.hostname) and is_plain
    if cleaned and (not is_fit or any(character.isspace() for character in cleaned)):
        raise NotAWebsite
    return cleaned


def _clean_contact(contact_id: UUID | None, organization_id: UUID) -> UUID | None:
    if contact_id is None:
        return None
    members = OrganizationMembership.objects.filter(organization_id=organization_id)
    if not members.filter(account_id=contact_id).exists():
        raise ContactNotAMember
    return contact_id
