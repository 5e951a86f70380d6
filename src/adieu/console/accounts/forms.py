"""What a person says about themselves, and agreement to new terms."""

from typing import Any

from django import forms

from adieu.accounts import terms
from adieu.accounts.forms import VersionInForce
from adieu.vault.countries import COUNTRIES
from adieu.vault.fields import LONGEST_NAME, UnusableCharacter, name_field

TOO_LONG = f"That is longer than {LONGEST_NAME} characters."
BY_NAME = sorted(COUNTRIES.items(), key=lambda country: country[1])


class NameField(forms.CharField):
    """A name or company: one line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False, max_length=LONGEST_NAME, error_messages={"max_length": TOO_LONG}, **kwargs
        )

    def clean(self, value: Any) -> str:
        """Refuse what cannot be seen or turns the text around."""
        try:
            return name_field(super().clean(value))
        except UnusableCharacter as fact:
            raise forms.ValidationError(str(fact), code="unusable_character") from None


class ProfileForm(forms.Form):
    """Name, company, country; all of them optional."""

    name = NameField(label="Name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    company = NameField(label="Company", widget=forms.TextInput(attrs={"autocomplete": "organization"}))
    country = forms.ChoiceField(
        label="Country",
        required=False,
        choices=[("", "Not said"), *BY_NAME],
        widget=forms.Select(attrs={"autocomplete": "country"}),
        error_messages={"invalid_choice": "Choose a country from the list."},
    )


class AgreeForm(forms.Form):
    """Agreement to the version that is shown."""

    terms = forms.BooleanField(
        label="I agree to the terms", error_messages={"required": "Tick the box to agree."}
    )
    version = forms.CharField(max_length=64, widget=VersionInForce)

    def clean_version(self) -> str:
        """Refuse agreement to a text that is not in force any more."""
        version: str = self.cleaned_data["version"]
        if version != terms.version():
            raise forms.ValidationError("The terms have changed once more. Read the new ones.")
        return version
