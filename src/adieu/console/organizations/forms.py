"""What a person types about an organization."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from adieu.console.fields import NameField, TextField, TypedNameField
from adieu.core.names import LONGEST_NAME
from adieu.tenancy.information import (
    LONGEST_DESCRIPTION,
    LONGEST_WEBSITE,
    Information,
    time_zones,
)
from adieu.tenancy.queries import OrganizationDetails
from adieu.tenancy.rosters import Member

REGIONS = frozenset(
    {
        *("Africa", "America", "Antarctica", "Arctic", "Asia"),
        *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
    }
)


class CreateForm(forms.Form):
    """The name of a new organization."""

    name = NameField(
        help_text=f"1 to {LONGEST_NAME} characters. It may stand for a team, a company or just you.",
        error_messages={"required": "An organization needs a name."},
    )


class DeleteForm(forms.Form):
    """The name of the organization, typed by the person who deletes it (Rule O6)."""

    def __init__(self, *, name: str, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["name"] = TypedNameField(
            name=name,
            label="Name of the organization",
            error_messages={"required": "Type the name of the organization."},
        )


class InformationForm(forms.Form):
    """What an organization says about itself."""

    name = NameField(error_messages={"required": "An organization needs a name."})
    description = TextField(
        longest=LONGEST_DESCRIPTION, label="Description", widget=forms.Textarea(attrs={"rows": 3})
    )
    website = TextField(
        longest=LONGEST_WEBSITE,
        label="Website",
        widget=forms.URLInput(attrs={"autocomplete": "url"}),
        help_text="It starts with https:// or http://.",
    )
    contact = forms.TypedChoiceField(
        label="Contact",
        required=False,
        coerce=UUID,
        empty_value=None,
        help_text="The member whom others ask first.",
        error_messages={"invalid_choice": "Choose a member from the list."},
    )
    time_zone = forms.ChoiceField(
        label="Time zone", error_messages={"invalid_choice": "Choose a time zone from the list."}
    )

    def __init__(
        self, data: QueryDict | None, *, details: OrganizationDetails, members: Sequence[Member]
    ) -> None:
        said: dict[str, Any] = {**vars(details), "contact": str(details.contact_id or "")}
        super().__init__(data, initial=said)
        self._offer("contact", [("", "Nobody"), *((str(each.account_id), each.name) for each in members)])
        self._offer("time_zone", _zones_by_region(details.time_zone))

    def _offer(self, name: str, choices: Sequence[Any]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @property
    def information(self) -> Information:
        """Give what was typed, as the domain takes it."""
        typed = self.cleaned_data
        return Information(
            name=typed["name"],
            description=typed["description"],
            website=typed["website"],
            contact_id=typed["contact"],
            time_zone=typed["time_zone"],
        )


def _zones_by_region(current: str) -> list[tuple[str, Any]]:
    """Offer a zone for each place, by continent, and leave out older names for the same."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for zone in time_zones():
        region, _, place = zone.partition("/")
        if region in REGIONS:
            regions.setdefault(region, []).append((zone, place.replace("_", " ").replace("/", ", ")))
    offered = {zone for places in regions.values() for zone, _ in places}
    alone = ["UTC", *({current} - offered - {"UTC"})]
    return [*((zone, zone) for zone in alone), *regions.items()]
