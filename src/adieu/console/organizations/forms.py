"""What a person types about an organization."""

from django import forms

from adieu.core.names import LONGEST_NAME, NameNotAllowed, clean_name


class CreateForm(forms.Form):
    """The name of a new organization."""

    name = forms.CharField(
        label="Name",
        max_length=LONGEST_NAME,
        help_text=f"1 to {LONGEST_NAME} characters. You can use it for a team, a company or just for yourself.",
        error_messages={"required": "An organization needs a name."},
    )

    def clean_name(self) -> str:
        """Refuse names with characters that cannot be seen."""
        try:
            return clean_name(self.cleaned_data["name"])
        except NameNotAllowed as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class DeleteForm(forms.Form):
    """The name of the organization, typed by the person who deletes it (Rule O6)."""

    name = forms.CharField(
        label="Name of the organization",
        max_length=4 * LONGEST_NAME,
        error_messages={"required": "Type the name of the organization."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )

    def __init__(self, *, name: str, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.fields["name"].help_text = f"Type “{name}” to go on."
