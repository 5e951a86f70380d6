"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Exports, Fate, Fates, Retain, Withheld

REFUSAL = Retain("refusing the return of a deleted identifier (Rule C6)", "an operator lifts the claim")

FATES: Fates = {
    # A mark that nobody can make without the pepper; it says nothing of anybody.
    "identities.PepperVersion": {
        "version": Fate.NOT_PERSONAL,
        "mark": Fate.NOT_PERSONAL,
        "begun_at": Fate.NOT_PERSONAL,
    },
    "identities.IdentityClaim": {
        "key": REFUSAL,
        "rule_version": REFUSAL,
        "pepper_version": REFUSAL,
        "account": Fate.ERASE,
        "retired_at": REFUSAL,
    },
}

EXPORTS: Exports = {
    "identities.IdentityClaim": dict.fromkeys(
        FATES["identities.IdentityClaim"],
        Withheld("made from your address with a secret; it says no more than the address"),
    ),
}
