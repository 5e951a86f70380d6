"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Fate, Fates, Retain

REFUSAL = Retain("refusing the return of a deleted identifier (Rule C6)", "an operator lifts the claim")

FATES: Fates = {
    "identities.IdentityClaim": {
        "key": REFUSAL,
        "rule_version": REFUSAL,
        "pepper_version": REFUSAL,
        "account": Fate.ERASE,
        "retired_at": REFUSAL,
    },
}
