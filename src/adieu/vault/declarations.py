"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Exported, Exports, Fate, Fates, Withheld

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
    "vault.Archive": {
        "id": Fate.ERASE,
        "account_id": Fate.ERASE,
        "state": Fate.ERASE,
        "asked_at": Fate.ERASE,
        "epoch": Fate.ERASE,
        "failures": Fate.ERASE,
        "next_attempt_at": Fate.ERASE,
        "leased_until_at": Fate.ERASE,
        "tables_done": Fate.ERASE,
        "tables_total": Fate.ERASE,
        "part_count": Fate.ERASE,
        "size": Fate.ERASE,
        "ready_at": Fate.ERASE,
        "expires_at": Fate.ERASE,
        "failed_at": Fate.ERASE,
        "problem": Fate.ERASE,
    },
    "vault.ArchivePart": {
        "id": Fate.ERASE,
        "archive": Fate.ERASE,
        "number": Fate.ERASE,
        "content": Fate.ERASE,
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

THE_ARCHIVE = Withheld("the archive itself; it lives for 1 hour")
ON_ITS_WAY = Withheld("it comes with the mail, and may hold a code or a link for the mailbox only")
OF_OTHERS = Withheld("the address of somebody else, who was invited")
OF_DEVELOPERS = Withheld("stands for a mailbox of your own, on a developer's machine only")

EXPORTS: Exports = {
    "vault.Entry": {
        "account_id": Exported("account", "id"),
        "address": Exported("profile", "address"),
        "name": Exported("profile", "name"),
        "company": Exported("profile", "company"),
        "country": Exported("profile", "country"),
        "created_at": Exported("profile", "since"),
    },
    "vault.SessionData": {
        "key_digest": Withheld("made from the key of the session, which is a secret"),
        "account_id": Exported("account", "id"),
        "content": Withheld("secrets of the sign-in, and the state of forms that are under way"),
        "network_address": Exported("sessions", "network_address"),
        "user_agent": Exported("sessions", "user_agent"),
        "expires_at": Exported("sessions", "expires_at"),
    },
    "vault.InvitedAddress": dict.fromkeys(("invitation_id", "address", "created_at"), OF_OTHERS),
    "vault.Mail": {
        "notice_id": Exported("waiting_mails", "id"),
        "account_id": Exported("account", "id"),
        "address": Exported("profile", "address"),
        "subject": ON_ITS_WAY,
        "text": ON_ITS_WAY,
        "html": ON_ITS_WAY,
        "created_at": Exported("waiting_mails", "owed_at"),
    },
    "vault.Comment": {
        "key": Withheld("a random number, so that nothing tells the order of comments"),
        "request_id": Exported("deletion_requests", "id"),
        "text": Exported("deletion_requests", "comment"),
    },
    "vault.Archive": dict.fromkeys(FATES["vault.Archive"], THE_ARCHIVE),
    "vault.ArchivePart": dict.fromkeys(FATES["vault.ArchivePart"], THE_ARCHIVE),
    "vault.DevelopmentMail": dict.fromkeys(FATES["vault.DevelopmentMail"], OF_DEVELOPERS),
}
