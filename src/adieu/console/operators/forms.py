"""The forms by which an operator deletes somebody's account. They only read; the domain decides."""

from collections.abc import Sequence
from typing import Any

from django import forms

from adieu.activities.kinds import OperatorReason
from adieu.core.keeping import Blocker, Override

REASONS = (OperatorReason.ASKED, OperatorReason.LAW, OperatorReason.MISTAKE, OperatorReason.RESTORE)
HAND_OVER, DELETE = "hand_over", "delete"
LONGEST_ADDRESS = 254
# As text: a browser would rewrite the domain of what was typed.
AN_ADDRESS = {"inputmode": "email", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class AddressField(forms.CharField):
    """The address of an account, in any spelling."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_ADDRESS, widget=forms.TextInput(attrs=AN_ADDRESS), **kwargs)


class FindForm(forms.Form):
    """Whose account it is."""

    email = AddressField(
        label="Address of the account",
        help_text="In any spelling. It has to be verified here.",
        error_messages={"required": "Type the address of the account."},
    )


class DeleteForm(forms.Form):
    """Why, what becomes of what is in the way, and the address once more."""

    reason = forms.ChoiceField(
        label="Why do you delete it?",
        choices=[(reason.value, str(reason.label).capitalize()) for reason in REASONS],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a reason. It is recorded in the operator log."},
    )
    settlement = forms.ChoiceField(
        label="What becomes of what is in the way?",
        choices=[(HAND_OVER, "Somebody takes it over"), (DELETE, "Delete it with all that is in it")],
        help_text="A project in an organization that others own stays there: whoever takes over gets it if"
        " they are a member, else the owner who is there longest.",
        widget=forms.RadioSelect,
        error_messages={"required": "Say what becomes of it. Nothing is deleted before that."},
    )
    heir = AddressField(
        label="Who takes it over",
        help_text="The address of an account, of a member or of anybody else here. They are told by mail.",
        required=False,
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    email = AddressField(
        label="Address of the account, once more",
        help_text="Type it. It has to be an address of this account.",
        error_messages={"required": "Type the address of the account."},
    )

    def __init__(self, data: Any, blockers: Sequence[Blocker]) -> None:
        ids = ",".join(blocker.subject.id for blocker in blockers)
        super().__init__(data, initial={"seen": ids})
        if not blockers:
            del self.fields["settlement"], self.fields["heir"]

    def clean(self) -> dict[str, Any]:
        """Ask for somebody to take over, if that was chosen."""
        said = super().clean() or {}
        if said.get("settlement") == HAND_OVER and not said.get("heir"):
            self.add_error("heir", "Type the address of whoever takes it over.")
        return said

    @property
    def seen_ids(self) -> frozenset[str]:
        """Give the ids of what was in the way when the page was shown."""
        return frozenset(filter(None, self.cleaned_data["seen"].split(",")))

    def override(self, **known: Any) -> Override | None:
        """Give what was decided, if anything had to be."""
        if "settlement" not in self.fields:
            return None
        return Override(reason=self.cleaned_data["reason"], **known)
