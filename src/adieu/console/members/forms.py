"""What a person types about members."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms

from adieu.tenancy.models import Role
from adieu.tenancy.rosters import Member

LONGEST_SEARCH = 254
ROLES = [(Role.MEMBER.value, "Member"), (Role.OWNER.value, "Owner")]


class SearchForm(forms.Form):
    """Part of a name or an address."""

    search = forms.CharField(
        label="Search by name or address",
        required=False,
        max_length=LONGEST_SEARCH,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )


class RoleForm(forms.Form):
    """A role."""

    role = forms.ChoiceField(choices=ROLES)


class HandOverForm(forms.Form):
    """Who becomes owner."""

    member = forms.TypedChoiceField(
        label="New owner",
        coerce=UUID,
        error_messages={
            "required": "Choose who becomes owner.",
            "invalid_choice": "This person is not a member any more. Choose somebody else.",
        },
    )

    def __init__(self, data: Mapping[str, Any] | None, *, members: Iterable[Member]) -> None:
        super().__init__(data)
        offer(self, "member", members)


def offer(form: forms.Form, name: str, members: Iterable[Member]) -> None:
    """Offer members to choose from."""
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        choices = [(str(member.account_id), member.label) for member in members]
        # Who is the only one is the choice.
        field.choices = choices if len(choices) == 1 else [("", "Choose a member"), *choices]
