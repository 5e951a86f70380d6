"""Fields that several forms share."""

from typing import Any
from unicodedata import normalize

from django import forms
from django.utils.html import format_html

from adieu.core.names import LONGEST_NAME, NameNotAllowed, clean_name
from adieu.core.texts import TextNotAllowed, clean_text

NOT_AUTOMATIC = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}


class NameField(forms.CharField):
    """The name of a thing, of 1 to 64 characters that can be seen (Rule O4)."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Name")
        kwargs.setdefault("widget", forms.TextInput(attrs={"autocomplete": "off"}))
        super().__init__(max_length=LONGEST_NAME, **kwargs)

    def clean(self, value: Any) -> str:
        """Refuse names with characters that cannot be seen."""
        try:
            return clean_name(super().clean(value))
        except NameNotAllowed as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class TextField(forms.CharField):
    """A text that may be empty and holds no invisible characters."""

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        self.longest = longest
        super().__init__(required=False, max_length=longest, **kwargs)

    def to_python(self, value: Any) -> str:
        """Count a line break as one character, although browsers send it as two."""
        return (super().to_python(value) or "").replace("\r\n", "\n")

    def clean(self, value: Any) -> str:
        """Refuse what cannot be seen."""
        try:
            return clean_text(super().clean(value), longest=self.longest)
        except TextNotAllowed as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class TypedNameField(forms.CharField):
    """The name of a thing, typed by the person who deletes it."""

    def __init__(self, *, name: str, **kwargs: Any) -> None:
        super().__init__(
            max_length=4 * LONGEST_NAME,
            widget=forms.TextInput(attrs=NOT_AUTOMATIC),
            # Two spaces in a row are part of a name: they must be seen to be typed.
            help_text=format_html('Type <bdi class="to-type">{}</bdi> to go on.', name),
            **kwargs,
        )

    def clean(self, value: Any) -> str:
        """Compare in the form in which names are kept: some keyboards send letters and accents apart."""
        return normalize("NFC", super().clean(value))
