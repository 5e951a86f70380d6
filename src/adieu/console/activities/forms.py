"""What an owner asks the activity log for; sent by GET, so that it can be bookmarked (Rule V3)."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from adieu.activities.kinds import Kind, Level
from adieu.activities.queries import Order
from adieu.core.names import LONGEST_NAME
from adieu.tenancy.activity_log import THINGS, Actor, Wanted

type Choices = list[tuple[str, Any]]

NO_DAY = {"invalid": "Write a day as year-month-day, for example 2030-03-04."}
INPUT = {"class": "input"}


class FilterForm(forms.Form):
    """The filters; every field may stay empty."""

    since = forms.DateField(
        label="From", required=False, error_messages=NO_DAY, widget=forms.DateInput({**INPUT, "type": "date"})
    )
    until = forms.DateField(
        label="To", required=False, error_messages=NO_DAY, widget=forms.DateInput({**INPUT, "type": "date"})
    )
    actor = forms.TypedChoiceField(
        label="Who",
        required=False,
        coerce=UUID,
        empty_value=None,
        error_messages={"invalid_choice": "Nobody in this log has this ID."},
        widget=forms.Select(INPUT),
    )
    kind = forms.ChoiceField(
        label="What",
        required=False,
        error_messages={"invalid_choice": "There is no such kind of activity."},
        widget=forms.Select(INPUT),
    )
    level = forms.ChoiceField(
        label="Level",
        required=False,
        choices=[("", "Any"), *Level.choices],
        error_messages={"invalid_choice": "There is no such level."},
        widget=forms.Select(INPUT),
    )
    subject_kind = forms.ChoiceField(
        label="About",
        required=False,
        choices=[("", "Anything"), *THINGS.items()],
        error_messages={"invalid_choice": "Activities are not about such things."},
        widget=forms.Select(INPUT),
    )
    subject = forms.CharField(
        label="Name or ID",
        required=False,
        help_text="The whole name, as it was then.",
        max_length=LONGEST_NAME,
        error_messages={"max_length": f"No name is longer than {LONGEST_NAME} characters."},
        widget=forms.TextInput({**INPUT, "autocomplete": "off", "spellcheck": "false"}),
    )
    order = forms.ChoiceField(
        required=False, choices=[(order.value, order.value) for order in Order], widget=forms.HiddenInput
    )

    def __init__(self, data: QueryDict, *, actors: Iterable[Actor]) -> None:
        super().__init__(data)
        self.fields["actor"].choices = [("", "Anyone"), *((str(one.account_id), one.name) for one in actors)]  # type: ignore[attr-defined]
        self.fields["kind"].choices = kinds()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse a time range that ends before it begins."""
        asked: dict[str, Any] = self.cleaned_data
        since, until = asked.get("since"), asked.get("until")
        if since and until and until < since:
            self.add_error("until", "This day is before the first one.")
        return asked

    def wanted(self) -> Wanted:
        """Give what is asked for; the form is valid."""
        asked = self.cleaned_data
        return Wanted(
            since=asked["since"],
            until=asked["until"],
            kind=Kind(asked["kind"]) if asked["kind"] else None,
            level=Level(asked["level"]) if asked["level"] else None,
            actor_id=asked["actor"],
            subject_kind=asked["subject_kind"],
            thing=asked["subject"],
            order=Order(asked["order"] or Order.NEWEST_FIRST),
        )

    @property
    def is_filtering(self) -> bool:
        """Whether anything is hidden."""
        return any(self.data.get(name) for name in self.fields if name != "order")


def kinds() -> Choices:
    """Offer every kind, in groups by what it is about."""
    groups = groupby(Kind, key=lambda kind: kind.value.partition(".")[0])
    offered = [
        (THINGS[subject], [(kind.value, _capital(kind.label)) for kind in group]) for subject, group in groups
    ]
    return [("", "Anything"), *offered]


def _capital(sentence: object) -> str:
    said = str(sentence)
    return said[:1].upper() + said[1:]
