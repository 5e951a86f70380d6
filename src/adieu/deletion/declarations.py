"""What becomes of the fields of this package (Rule D13)."""

from adieu.core.declaring import Fate, Fates, Retain

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
