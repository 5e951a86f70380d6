"""What becomes of the fields of this package, and of those that allauth brings (Rule D13)."""

from adieu.core.declaring import Fate, Fates

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
