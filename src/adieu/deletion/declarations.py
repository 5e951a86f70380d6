"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Exported, Exports, Fate, Fates, Retain, Withheld

EVIDENCE = Retain("evidence that the account was deleted at the person's wish", "the installation ends")
PROGRESS = Retain("the person and the operator see what was done", "the installation ends")

FATES: Fates = {
    "deletion.DeletionRequest": {
        "id": EVIDENCE,
        "account": Fate.ERASE,
        "former_account_id": EVIDENCE,
        "state": EVIDENCE,
        "reason": Fate.ANONYMIZE,
        "opened_at": EVIDENCE,
        "ended_at": Fate.ERASE,
        "confirmed_at": EVIDENCE,
        "completed_at": EVIDENCE,
        "told_late_at": PROGRESS,
        "told_stuck_at": PROGRESS,
        "intent_fence": EVIDENCE,
        "intended_at": EVIDENCE,
        "described": EVIDENCE,
        "is_by_operator": Fate.NOT_PERSONAL,
        "replayed_at": EVIDENCE,
    },
    "deletion.Verification": {
        "request": Fate.ERASE,
        "number": Fate.ERASE,
        "session_digest": Fate.ERASE,
        "owned": Fate.ERASE,
        "consent_texts": Fate.ERASE,
        "wrong_tries": Fate.ERASE,
        "sent_at": Fate.ERASE,
        "expires_at": Fate.ERASE,
        "used_up_at": Fate.ERASE,
    },
    "deletion.Consent": {"id": EVIDENCE, "request": EVIDENCE, "text_id": EVIDENCE, "given_at": EVIDENCE},
    "deletion.ErasureStep": {
        "id": PROGRESS,
        "request": PROGRESS,
        "position": PROGRESS,
        "keeper": PROGRESS,
        "name": PROGRESS,
        "title": PROGRESS,
        "payload": PROGRESS,
        "is_after_completion": PROGRESS,
        "state": PROGRESS,
        "attempts": PROGRESS,
        "failures": PROGRESS,
        "last_error": PROGRESS,
        "epoch": PROGRESS,
        "asked_at": PROGRESS,
        "next_attempt_at": PROGRESS,
        "leased_until_at": PROGRESS,
        "done_at": PROGRESS,
        "stuck_at": PROGRESS,
    },
    "deletion.Receipt": {
        "request": EVIDENCE,
        "receipt": EVIDENCE,
        "proof": EVIDENCE,
        "issued_at": EVIDENCE,
    },
    "deletion.ReasonCount": {
        "id": Fate.NOT_PERSONAL,
        "week": Fate.NOT_PERSONAL,
        "reason": Fate.NOT_PERSONAL,
        "count": Fate.NOT_PERSONAL,
    },
}

LATER = Withheld("written when the account is deleted; the farewell page and the receipt show it")
OF_THE_CODE = Withheld("how the code that was sent is checked")

EXPORTS: Exports = {
    "deletion.DeletionRequest": {
        "id": Exported("deletion_requests", "id"),
        "account": Exported("account", "id"),
        "former_account_id": LATER,
        "state": Exported("deletion_requests", "state"),
        "reason": Exported("deletion_requests", "reason"),
        "opened_at": Exported("deletion_requests", "opened_at"),
        "ended_at": Exported("deletion_requests", "ended_at"),
        "confirmed_at": LATER,
        "completed_at": LATER,
        "told_late_at": LATER,
        "told_stuck_at": LATER,
        "intent_fence": LATER,
        "intended_at": LATER,
        "described": LATER,
        "replayed_at": LATER,
    },
    "deletion.Verification": {
        "request": Exported("deletion_requests", "id"),
        "number": OF_THE_CODE,
        "session_digest": OF_THE_CODE,
        "owned": OF_THE_CODE,
        "consent_texts": OF_THE_CODE,
        "wrong_tries": OF_THE_CODE,
        "sent_at": Exported("deletion_requests", "code_sent_at"),
        "expires_at": OF_THE_CODE,
        "used_up_at": OF_THE_CODE,
    },
    "deletion.Consent": dict.fromkeys(FATES["deletion.Consent"], LATER),
    "deletion.ErasureStep": dict.fromkeys(FATES["deletion.ErasureStep"], LATER),
    "deletion.Receipt": dict.fromkeys(FATES["deletion.Receipt"], LATER),
}
