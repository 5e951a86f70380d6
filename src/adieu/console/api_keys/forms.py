"""What a person says about a new API key."""

from datetime import datetime, timedelta

from django import forms

from adieu.console.fields import NameField

NEVER = "never"
LIVES = [("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"), (NEVER, "Never")]


class KeyForm(forms.Form):
    """A name, and how long the key works."""

    name = NameField(
        help_text="What it is for, as “Nightly import”. Only you see it.",
        error_messages={"required": "A key needs a name."},
    )
    ends = forms.ChoiceField(label="Runs out", choices=LIVES, initial="90")

    def expires_at(self, now: datetime) -> datetime | None:
        """Give the moment at which it runs out."""
        ends = self.cleaned_data["ends"]
        return None if ends == NEVER else now + timedelta(days=int(ends))
