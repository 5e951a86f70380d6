"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Fate, Fates

FATES: Fates = {
    "notices.Notice": {
        "id": Fate.ERASE,
        "kind": Fate.ERASE,
        "account_id": Fate.ERASE,
        "payload": Fate.ERASE,
        "state": Fate.ERASE,
        "attempts": Fate.ERASE,
        "owed_at": Fate.ERASE,
        "next_attempt_at": Fate.ERASE,
        "give_up_at": Fate.ERASE,
        "leased_until_at": Fate.ERASE,
        "settled_at": Fate.ERASE,
    },
    "notices.RefusalMail": {
        "address_key": Fate.ERASE,
        "owed_at": Fate.ERASE,
    },
}
