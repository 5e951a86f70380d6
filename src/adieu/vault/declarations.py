"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Fate, Fates

FATES: Fates = {
    "vault.Entry": {
        "account_id": Fate.ERASE,
        "address": Fate.ERASE,
        "name": Fate.ERASE,
        "company": Fate.ERASE,
        "country": Fate.ERASE,
        "created_at": Fate.ERASE,
    },
    "vault.SessionData": {
        "key_digest": Fate.ERASE,
        "account_id": Fate.ERASE,
        "content": Fate.ERASE,
        "network_address": Fate.ERASE,
        "user_agent": Fate.ERASE,
        "expires_at": Fate.ERASE,
    },
    "vault.InvitedAddress": {
        "invitation_id": Fate.ERASE,
        "address": Fate.ERASE,
        "created_at": Fate.ERASE,
    },
    "vault.Mail": {
        "notice_id": Fate.ERASE,
        "account_id": Fate.ERASE,
        "address": Fate.ERASE,
        "subject": Fate.ERASE,
        "text": Fate.ERASE,
        "html": Fate.ERASE,
        "created_at": Fate.ERASE,
    },
    "vault.Comment": {
        "key": Fate.ANONYMIZE,
        "request_id": Fate.ANONYMIZE,
        "text": Fate.ANONYMIZE,
    },
    "vault.CommentRound": {
        "id": Fate.NOT_PERSONAL,
        "cleared_in_year": Fate.NOT_PERSONAL,
    },
    "vault.Compaction": {
        "id": Fate.NOT_PERSONAL,
        "owed": Fate.NOT_PERSONAL,
        "paid": Fate.NOT_PERSONAL,
    },
    "vault.Pairing": {
        "id": Fate.NOT_PERSONAL,
        "pepper_version": Fate.NOT_PERSONAL,
        "mark": Fate.NOT_PERSONAL,
    },
    "vault.DevelopmentMail": {
        "id": Fate.ERASE,
        "address_key": Fate.ERASE,
        "address": Fate.ERASE,
        "subject": Fate.ERASE,
        "text": Fate.ERASE,
        "html": Fate.ERASE,
        "received_at": Fate.ERASE,
    },
}
