"""What becomes of the fields of this package, and of those that allauth brings (Rule D13)."""

from adieu.core.declaring import Exported, Exports, Fate, Fates, Withheld

FATES: Fates = {
    "accounts.Account": {
        "id": Fate.ERASE,
        "email": Fate.ERASE,
        "password": Fate.ERASE,
        "last_login": Fate.ERASE,
        "registered_at": Fate.ERASE,
        "locked_at": Fate.ERASE,
    },
    "accounts.TermsAgreement": {
        "id": Fate.ERASE,
        "account": Fate.ERASE,
        "version": Fate.ERASE,
        "agreed_at": Fate.ERASE,
    },
    "accounts.Session": {
        "key_digest": Fate.ERASE,
        "account": Fate.ERASE,
        "started_at": Fate.ERASE,
        "last_seen_at": Fate.ERASE,
        "expires_at": Fate.ERASE,
    },
    "accounts.Operator": {
        "account": Fate.ERASE,
        "added_at": Fate.ERASE,
    },
    "account.EmailAddress": {
        "id": Fate.ERASE,
        "user": Fate.ERASE,
        "email": Fate.ERASE,
        "verified": Fate.ERASE,
        "primary": Fate.ERASE,
    },
    "account.EmailConfirmation": {
        "id": Fate.ERASE,
        "email_address": Fate.ERASE,
        "created": Fate.ERASE,
        "sent": Fate.ERASE,
        "key": Fate.ERASE,
    },
}

SEALED = Withheld("it stands for the address, which the archive has as you typed it")

EXPORTS: Exports = {
    "accounts.Account": {
        "id": Exported("account", "id"),
        "email": SEALED,
        "password": Withheld("a digest, from which nobody can tell the password"),
        "last_login": Exported("account", "last_signed_in_at"),
        "registered_at": Exported("account", "registered_at"),
        "locked_at": Exported("account", "locked_at"),
    },
    "accounts.TermsAgreement": {
        "id": Withheld("a running number"),
        "account": Exported("account", "id"),
        "version": Exported("agreements", "version"),
        "agreed_at": Exported("agreements", "agreed_at"),
    },
    "accounts.Session": {
        "key_digest": Withheld("made from the key of the session, which is a secret"),
        "account": Exported("account", "id"),
        "started_at": Exported("sessions", "started_at"),
        "last_seen_at": Exported("sessions", "last_seen_at"),
        "expires_at": Exported("sessions", "expires_at"),
    },
    "accounts.Operator": {
        "account": Exported("account", "id"),
        "added_at": Exported("account", "operator_since"),
    },
    "account.EmailAddress": {
        "id": Withheld("a running number"),
        "user": Exported("account", "id"),
        "email": Exported("addresses", "address"),
        "verified": Exported("addresses", "is_verified"),
        "primary": Exported("addresses", "is_first"),
    },
    "account.EmailConfirmation": dict.fromkeys(
        ("id", "email_address", "created", "sent", "key"),
        Withheld("nothing writes this table: codes are used, not links"),
    ),
}
