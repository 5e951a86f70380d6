"""Settling blockers in place: somebody else becomes owner of what one owns alone (Rules D2, O2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.forms.boundfield import BoundField
from django.http import HttpRequest, QueryDict

from adieu.core.keeping import Blocker, Remedy, Subject
from adieu.kit.who import account_id_of
from adieu.tenancy import queries, rosters
from adieu.tenancy.blockers import MAKE_OWNER, MAKE_PROJECT_OWNER
from adieu.tenancy.rosters import Member

# The button of one card settles that one alone.
ONLY = "only"
# What can be done in place.
IN_PLACE = {MAKE_OWNER, MAKE_PROJECT_OWNER}


@dataclass(frozen=True)
class Card:
    """A blocker with what can be done about it: choose a new owner in place, or go to a page."""

    blocker: Blocker
    field: BoundField | None
    links: tuple[Remedy, ...]


class HandOverForm(forms.Form):
    """Who becomes owner of each organization and each project that somebody owns alone."""

    def __init__(self, data: QueryDict | None, candidates: Mapping[Subject, Sequence[Member]]) -> None:
        self.only = data.get(ONLY, "") if data else ""
        self.kinds = {subject.id: subject.kind for subject in candidates}
        super().__init__(data)
        for subject, members in candidates.items():
            self.fields[subject.id] = self._field(subject, members)

    def _field(self, subject: Subject, members: Sequence[Member]) -> forms.Field:
        choices = [(str(member.account_id), member.label) for member in members]
        # Who is the only one is the choice.
        nobody = [("", "Choose a member")] if len(choices) > 1 else []
        return forms.TypedChoiceField(
            label=f"New owner of {subject.name}",
            choices=[*nobody, *choices],
            coerce=UUID,
            required=self.only in {"", subject.id},
            empty_value=None,
            error_messages={
                "required": "Choose who becomes owner.",
                "invalid_choice": "This person is not a member any more. Choose somebody else.",
            },
        )

    @property
    def owners(self) -> dict[UUID, UUID]:
        """Give, for each organization to settle, the member who becomes owner."""
        return self._chosen("organization")

    @property
    def project_owners(self) -> dict[UUID, UUID]:
        """Give the same for each project."""
        return self._chosen("project")

    def _chosen(self, kind: str) -> dict[UUID, UUID]:
        wanted = {self.only} if self.only else set(self.fields)
        return {
            UUID(name): self.cleaned_data[name]
            for name in self.fields
            if name in wanted and self.kinds[name] == kind
        }


def form_for(request: HttpRequest, found: Iterable[Blocker]) -> HandOverForm:
    """Make the form for the blockers that can be settled by making somebody else owner."""
    alone = [blocker.subject for blocker in found if _can_hand_over(blocker)]
    within = _organizations_of(alone)
    others = rosters.others_in(organization_ids=set(within.values()), account_id=account_id_of(request))
    candidates = {subject: others[within[subject]] for subject in alone if within.get(subject) in others}
    return HandOverForm(request.POST if request.method == "POST" else None, candidates)


def _organizations_of(subjects: Sequence[Subject]) -> dict[Subject, UUID]:
    """Tell to which organization each thing belongs; it may have gone meanwhile."""
    ids = {subject: UUID(subject.id) for subject in subjects}
    projects = queries.organizations_of_projects([ids[each] for each in subjects if each.kind == "project"])
    organizations = {ids[each]: ids[each] for each in subjects if each.kind == "organization"}
    known = projects | organizations
    return {subject: known[id_] for subject, id_ in ids.items() if id_ in known}


def cards(found: Iterable[Blocker], form: HandOverForm) -> list[Card]:
    """Put each blocker together with its field."""
    return [_card(blocker, form) for blocker in found]


def _card(blocker: Blocker, form: HandOverForm) -> Card:
    is_in_place = blocker.subject.id in form.fields
    links = tuple(remedy for remedy in blocker.remedies if not (is_in_place and remedy.action in IN_PLACE))
    return Card(blocker, form[blocker.subject.id] if is_in_place else None, links)


def _can_hand_over(blocker: Blocker) -> bool:
    return any(remedy.action in IN_PLACE for remedy in blocker.remedies)
