"""What a person types about a cluster."""

from typing import Any

from django import forms
from django.http import QueryDict

from adieu.clusters.operations import LONGEST_NAME, clean_cluster_name
from adieu.console.fields import TypedNameField
from adieu.core.names import NameNotAllowed


class ClusterNameField(forms.CharField):
    """The name of a cluster, of 1 to 32 characters that can be seen (Rule O4)."""

    def clean(self, value: Any) -> str:
        """Refuse names with characters that cannot be seen."""
        try:
            return clean_cluster_name(super().clean(value))
        except NameNotAllowed as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class CreateForm(forms.Form):
    """The name of a new cluster."""

    name = ClusterNameField(
        label="Name",
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=f"1 to {LONGEST_NAME} characters, once in a project.",
        error_messages={"required": "A cluster needs a name."},
    )


class DeleteForm(forms.Form):
    """The name of the cluster, typed by the person who deletes it (Rule K2)."""

    def __init__(self, *, name: str, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["name"] = TypedNameField(
            name=name,
            label="Name of the cluster",
            error_messages={"required": "Type the name of the cluster."},
        )
