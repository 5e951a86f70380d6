"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Exported, Exports, Fate, Fates, Retain

BY_OPAQUE_ID = Retain(
    "an organization answers for what happened in it; shown as “Deleted account”", "the installation ends"
)

OF_OPERATORS = Retain("operators answer for what they did", "the installation ends")

FATES: Fates = {
    "activities.Activity": {
        "id": Fate.NOT_PERSONAL,
        "organization_id": Fate.NOT_PERSONAL,
        "kind": Fate.NOT_PERSONAL,
        "level": Fate.NOT_PERSONAL,
        "actor_id": BY_OPAQUE_ID,
        "subject_kind": Fate.NOT_PERSONAL,
        "subject_id": BY_OPAQUE_ID,
        "subject_name": Fate.NOT_PERSONAL,
        "subject_name_key": Fate.NOT_PERSONAL,
        "recorded_at": Fate.NOT_PERSONAL,
    },
    "activities.OperatorAct": {
        "id": Fate.NOT_PERSONAL,
        "kind": Fate.NOT_PERSONAL,
        "reason": Fate.NOT_PERSONAL,
        "actor_id": OF_OPERATORS,
        "subject_id": OF_OPERATORS,
        "recorded_at": Fate.NOT_PERSONAL,
    },
}

EXPORTS: Exports = {
    "activities.Activity": {
        "actor_id": Exported("activities", "by"),
        "subject_id": Exported("activities", "subject_id"),
    },
    "activities.OperatorAct": {
        "actor_id": Exported("operator_log", "by"),
        "subject_id": Exported("operator_log", "is_about_you"),
    },
}
