"""What a person types about a cluster."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from adieu.clusters.models import EngineKind
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
    """The name of a new cluster, and which database it is where there is a choice."""

    name = ClusterNameField(
        label="Name",
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=f"1 to {LONGEST_NAME} characters, once in a project.",
        error_messages={"required": "A cluster needs a name."},
    )

    def __init__(self, *, engines: Sequence[EngineKind], data: QueryDict | None = None) -> None:
        super().__init__(data)
        if len(engines) > 1:
            self.fields["engine"] = forms.ChoiceField(
                label="Database",
                choices=[(kind.value, kind.label) for kind in engines],
                initial=engines[0].value,
                required=False,
                help_text="Milvus Lite is for small data. The Milvus server is for more.",
            )

    @property
    def engine(self) -> EngineKind:
        """The database that was chosen, or the usual one."""
        return EngineKind(self.cleaned_data.get("engine") or EngineKind.MILVUS_LITE)


class DeleteForm(forms.Form):
    """The name of the cluster, typed by the person who deletes it (Rule K2)."""

    def __init__(self, *, name: str, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["name"] = TypedNameField(
            name=name,
            label="Name of the cluster",
            error_messages={"required": "Type the name of the cluster."},
        )
