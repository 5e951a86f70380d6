"""What a cluster's page shows of the data in it, and the first search on the sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from adieu.clusters import data
from adieu.clusters.data import Contents
from adieu.clusters.facts import ClusterAway, ClusterNotRunning
from adieu.clusters.queries import ClusterSummary
from adieu.clusters.sample import searching
from adieu.clusters.sample.foods import BY_ID, FEATURES, FOODS, KINDS, Food
from adieu.clusters.sample.marking import Standing
from adieu.clusters.sample.searching import Found
from adieu.kit.who import account_id_of

TOKEN_TO_FILL_IN = "YOUR_API_KEY"  # noqa: S105 - what stands in its place


class SearchForm(forms.Form):
    """What is to be found: what is like a food, of all kinds or of one."""

    like = forms.TypedChoiceField(
        label="Find what is like",
        coerce=int,
        choices=[(food.id, food.name) for food in sorted(FOODS, key=lambda food: food.name)],
        widget=forms.Select(attrs={"class": "input"}),
    )
    kind = forms.ChoiceField(
        label="Of the kind",
        required=False,
        choices=[("", "Any kind"), *((kind, kind.capitalize()) for kind in KINDS)],
        widget=forms.Select(attrs={"class": "input"}),
    )


@dataclass(frozen=True)
class FirstSearch:
    """The form, and what was found if something was asked for and the cluster answered."""

    form: SearchForm
    like: Food | None = None
    found: Sequence[Found] | None = None
    snippet: str = ""
    features: Sequence[str] = FEATURES


@dataclass(frozen=True)
class Look:
    """What could be seen of a cluster's data; nothing when it does not answer."""

    contents: Contents | None
    search: FirstSearch | None = None


def look(request: HttpRequest, cluster: ClusterSummary) -> Look:
    """Look into a cluster, and search if that is asked for. Whatever keeps from it is shown as no data."""
    account_id = account_id_of(request)
    try:
        contents = data.contents(cluster_id=cluster.id, account_id=account_id, now=timezone.now())
    except (ClusterNotRunning, ClusterAway):
        return Look(None)
    is_loaded = contents.sample == Standing.LOADED
    return Look(contents, _search(request, cluster, account_id) if is_loaded else None)


def _search(request: HttpRequest, cluster: ClusterSummary, account_id: UUID) -> FirstSearch:
    form = SearchForm(request.GET if "like" in request.GET else None)
    if not form.is_valid():
        # Nobody can choose what is not offered, so there is nothing to tell.
        return FirstSearch(SearchForm())
    like, kind = BY_ID[form.cleaned_data["like"]], form.cleaned_data["kind"]
    snippet = searching.snippet(like=like, kind=kind, uri=cluster.address, token=TOKEN_TO_FILL_IN)
    try:
        found = searching.search(
            cluster_id=cluster.id, account_id=account_id, like=like, kind=kind, now=timezone.now()
        )
    except (ClusterNotRunning, ClusterAway):
        found = None
    return FirstSearch(form, like, found, snippet)
