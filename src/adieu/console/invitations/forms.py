"""What a person types to invite others."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms

from adieu.console.fields import NOT_AUTOMATIC
from adieu.tenancy.invitees import MOST_AT_ONCE, AddressesNotFit, TooManyAddresses
from adieu.tenancy.models import Role

ROLES = [(Role.MEMBER.value, "Member"), (Role.OWNER.value, "Owner")]
BETWEEN = re.compile(r"[\s,;]+")


class InviteForm(forms.Form):
    """One or many addresses, their role, and a project they come to, if any."""

    addresses = forms.CharField(
        label="E-mail addresses",
        help_text=f"One or many, with spaces, commas or new lines between them. At most {MOST_AT_ONCE}.",
        widget=forms.Textarea(attrs={"rows": 4, "inputmode": "email", **NOT_AUTOMATIC}),
        error_messages={"required": "Name at least one address."},
    )
    role = forms.ChoiceField(label="Role in the organization", choices=ROLES, initial=Role.MEMBER.value)
    project = forms.TypedChoiceField(
        label="Project",
        required=False,
        coerce=UUID,
        empty_value=None,
        help_text="They become a part of this project at once.",
        error_messages={"invalid_choice": "You cannot invite to this project any more. Choose another."},
    )
    project_role = forms.ChoiceField(
        label="Role in the project", required=False, choices=ROLES, initial=Role.MEMBER.value
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        projects: Iterable[tuple[UUID, str]],
        may_give_any_role: bool,
    ) -> None:
        super().__init__(data)
        choices = [(str(project_id), name) for project_id, name in projects]
        project = self.fields["project"]
        if choices and isinstance(project, forms.ChoiceField):
            project.choices = [("", "No project"), *choices]
        else:
            del self.fields["project"], self.fields["project_role"]
        # Whoever can only invite members is not asked.
        if not may_give_any_role:
            del self.fields["role"]

    def clean_addresses(self) -> list[str]:
        """Take them apart."""
        addresses = [each for each in BETWEEN.split(self.cleaned_data["addresses"]) if each]
        if len(addresses) > MOST_AT_ONCE:
            raise forms.ValidationError(str(TooManyAddresses()))
        return addresses

    def refuse(self, refusal: AddressesNotFit) -> None:
        """Say of each address what is wrong with it."""
        for misfit in refusal.misfits:
            self.add_error("addresses", f"{misfit.address}: {misfit.reason}")

    @property
    def offered(self) -> dict[str, Any]:
        """Give what is offered, as the operation takes it."""
        cleaned = self.cleaned_data
        return {
            "addresses": cleaned["addresses"],
            "role": Role(cleaned.get("role") or Role.MEMBER),
            "project_id": cleaned.get("project"),
            "project_role": Role(cleaned.get("project_role") or Role.MEMBER),
        }
