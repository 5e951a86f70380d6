"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Exported, Exports, Fate, Fates, Withheld

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

EXPORTS: Exports = {
    "notices.Notice": {
        "id": Exported("waiting_mails", "id"),
        "kind": Exported("waiting_mails", "kind"),
        "account_id": Exported("account", "id"),
        "payload": Withheld("what the mail is written from; it comes with the mail"),
        "state": Withheld("only mails that wait are kept with something of you, and the archive lists those"),
        "attempts": Exported("waiting_mails", "attempts"),
        "owed_at": Exported("waiting_mails", "owed_at"),
        "next_attempt_at": Exported("waiting_mails", "next_attempt_at"),
        "give_up_at": Exported("waiting_mails", "give_up_at"),
        "leased_until_at": Withheld("until when a worker has the mail in hand"),
        "settled_at": Withheld("a mail that was settled waits no more"),
    },
    "notices.RefusalMail": dict.fromkeys(
        ("address_key", "owed_at"), Withheld("is about addresses that have no account any more")
    ),
}
