"""What a person types about a project."""

from collections.abc import Iterable
from uuid import UUID

from django import forms
from django.http import QueryDict

from adieu.console.fields import NameField, TypedNameField
from adieu.console.members.forms import ROLES, offer
from adieu.core.names import LONGEST_NAME
from adieu.tenancy.rosters import Member


class ProjectForm(forms.Form):
    """The name of a project."""

    name = NameField(
        help_text=f"1 to {LONGEST_NAME} characters, once in an organization.",
        error_messages={"required": "A project needs a name."},
    )


class DeleteForm(forms.Form):
    """The name of the project, typed by the person who deletes it (Rule O7)."""

    def __init__(self, *, name: str, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["name"] = TypedNameField(
            name=name,
            label="Name of the project",
            error_messages={"required": "Type the name of the project."},
        )


class AddForm(forms.Form):
    """A member of the organization, and their role in the project."""

    member = forms.TypedChoiceField(
        label="Member",
        coerce=UUID,
        error_messages={
            "required": "Choose a member.",
            "invalid_choice": "This person is not a member of the organization any more. Choose another.",
        },
    )
    role = forms.ChoiceField(label="Role", choices=ROLES)

    def __init__(self, data: QueryDict | None = None, *, members: Iterable[Member]) -> None:
        super().__init__(data)
        offer(self, "member", members)
