"""What a person types about an organization."""

from unicodedata import normalize

from django import forms
from django.http import QueryDict
from django.utils.html import format_html

from adieu.core.names import LONGEST_NAME, NameNotAllowed, clean_name


class CreateForm(forms.Form):
    """The name of a new organization."""

    name = forms.CharField(
        label="Name",
        max_length=LONGEST_NAME,
        help_text=f"1 to {LONGEST_NAME} characters. It may stand for a team, a company or just you.",
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

    def __init__(self, *, name: str, data: QueryDict | None = None) -> None:
        super().__init__(data)
        # Two spaces in a row are part of a name: they must be seen to be typed.
        self.fields["name"].help_text = format_html('Type <bdi class="to-type">{}</bdi> to go on.', name)

    def clean_name(self) -> str:
        """Compare in the form in which names are kept: some keyboards send letters and accents apart."""
        name: str = self.cleaned_data["name"]
        return normalize("NFC", name)
