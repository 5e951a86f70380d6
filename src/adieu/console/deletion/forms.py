"""The three forms on the way out. They only read what was typed; the domain decides."""

from django import forms

from adieu.deletion.consents import TEXTS
from adieu.deletion.models import Reason
from adieu.vault.fields import LONGEST_COMMENT


class FeedbackForm(forms.Form):
    """Why the person leaves (Rule D3)."""

    reason = forms.ChoiceField(
        label="Why do you leave?",
        choices=Reason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a reason. “Prefer not to say” is one, too."},
    )
    comment = forms.CharField(
        label="Anything else?",
        help_text="If you write something, leave out who you are.",
        required=False,
        # A browser sends a line break as two characters; the domain counts it as one.
        max_length=2 * LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": LONGEST_COMMENT}),
    )


class AddressForm(forms.Form):
    """The address, typed again (Rule D4)."""

    email = forms.CharField(
        label="Your e-mail address",
        help_text="Type the address of this account.",
        max_length=254,
        # As text: a browser would rewrite the domain of what was typed.
        widget=forms.TextInput(
            attrs={
                "inputmode": "email",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": "Type the e-mail address of your account."},
    )


class ConfirmForm(forms.Form):
    """The code and the boxes (Rules D4, D5)."""

    code = forms.CharField(
        label="Verification code",
        help_text="8 digits, from the mail we sent you.",
        max_length=64,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false"}
        ),
        error_messages={"required": "Enter the code from the mail."},
    )
    consents = forms.MultipleChoiceField(
        label="Tick each box by hand",
        choices=list(TEXTS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick every box. Each says something that cannot be undone."},
    )
