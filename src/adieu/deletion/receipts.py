"""Issuing the receipt of a deletion, and giving it out (Rules D9, L3).

Note [One receipt]

What a receipt says comes from rows that do not change any more, and its nonce from a key and the deletion's
id. It is first written into the log in the ledger, under an id that follows from the deletion's; then a head
of the log is signed that covers it; then it is put into the database, in the transaction that proves that
this worker still has the step. Whoever does it again, after a kill, late or after a restore, finds what is in
the log already and goes on from there. So of each deletion there is one receipt, also when another key signs.

The nonce is not in the database: with it, whoever reads a receipt there could try addresses. It is put in
when the receipt is given out.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings

from adieu.core import merkle
from adieu.core.canonical import canonical_email
from adieu.core.keeping import Step
from adieu.core.keys import derive_key
from adieu.core.receipts import (
    NotAReceipt,
    NotGenuine,
    PublishedKeys,
    ReceiptFile,
    address_digest,
    leaf_data,
    open_receipt,
    published_key,
    sign_receipt,
    verify,
)
from adieu.core.tlog import read_proof
from adieu.deletion.models import Consent, DeletionRequest, ErasureStep, Receipt
from adieu.kit import keys
from adieu.kit.crashing import crash_point
from adieu.ledger.entries import Kind
from adieu.ledger.places import installed_ledger
from adieu.ledger.receipt_log import ReceiptLog, UnableToIssue
from adieu.vault.queries import read

FILE_NAME = "adieu-receipt.json"
# Under which ids of deletions become ids of lines.
LINES = UUID("0f4b6c0c-3b5e-4f0e-8a57-6e1b4f1f7d52")


def issue(*, step: Step, now: datetime) -> None:
    """Issue the receipt of a completed deletion, once; see Note [One receipt].

    Raises:
        UnableToIssue: the log is not what its last head says.
        UnableToAppend, UnableToRead, LedgerDamaged: the ledger cannot be used.
        LeaseLost: another worker does it.
    """
    log, line = _log(), uuid5(LINES, str(step.deletion_id))
    nonce = nonce_of(step.deletion_id)
    if log.receipt_of(line) is None:
        receipt = sign_receipt(_says(step, log.origin), seed=_newest(keys.RECEIPT))
        leaf = merkle.leaf_hash(leaf_data(nonce=nonce, receipt=receipt))
        log.enter(line, leaf=leaf, receipt=receipt, now=now)
    # Another worker may have been faster, so it is read again.
    proven = ReceiptFile(log.receipt_of(line) or "", log.prove(line, now=now).text)
    verify(with_nonce(proven, nonce), keys=published_keys(log))
    with step.hold():
        Receipt.objects.get_or_create(
            request_id=step.deletion_id,
            defaults={"receipt": proven.receipt, "proof": proven.proof, "issued_at": now},
        )
        crash_point("receipt.stored")


def receipt_file(*, deletion_id: UUID) -> ReceiptFile | None:
    """Give the receipt of a deletion as its person keeps it, if it is issued."""
    row = Receipt.objects.filter(request_id=deletion_id).first()
    if row is None:
        return None
    return with_nonce(ReceiptFile(row.receipt, row.proof), nonce_of(deletion_id))


def with_nonce(file: ReceiptFile, nonce: bytes) -> ReceiptFile:
    """Put the nonce into the proof, where whoever checks it looks for it."""
    return replace(file, proof=replace(read_proof(file.proof), extra=nonce).text)


def nonce_of(deletion_id: UUID) -> bytes:
    """Derive the nonce of a deletion's receipt; it is stored nowhere."""
    key = derive_key(settings.ROOT_KEY, "receipt-nonce")
    return hmac.digest(key, deletion_id.bytes, hashlib.sha256)


def published_keys(log: ReceiptLog | None = None) -> PublishedKeys:
    """Give what anybody needs to check receipts of this installation."""
    log = log or _log()
    seeds = sorted(_seeds(keys.RECEIPT).items())
    return PublishedKeys(log.origin, [published_key(seed=seed) for _, seed in seeds], log.keys)


def require_fitting_keys() -> None:
    """Make sure that the keys here could go on with the log, and check the receipts in it.

    Raises:
        KeyUnusable: one is missing, damaged or open to others.
        UnableToIssue: they are not those that signed, or the log is not what its last head says.
        UnableToRead, LedgerDamaged: the ledger cannot be used.
    """
    log = _log()
    log.require_whole()
    issued = [entry.body["receipt"] for entry in installed_ledger().entries() if entry.kind == Kind.RECEIPT]
    try:
        for receipt in issued[-1:]:
            open_receipt(receipt, published_keys(log))
    except (NotGenuine, NotAReceipt) as error:
        raise UnableToIssue from error


def _says(step: Step, origin: str) -> dict[str, Any]:
    """Put together what the receipt says; nothing of it tells a stranger who it was."""
    request = DeletionRequest.objects.get(id=step.deletion_id)
    described: Mapping[str, Any] = request.described or {}
    consents = Consent.objects.filter(request=request).order_by("text_id")
    done = ErasureStep.objects.filter(request=request, is_after_completion=False).order_by("position")
    return {
        "iss": origin,
        "deletion": str(step.deletion_id),
        "address_digest": _address_digest(step),
        "requested_at": _moment(request.opened_at),
        "confirmed_at": _moment(request.confirmed_at),
        "completed_at": _moment(request.completed_at),
        "repeated_at": _moment(request.replayed_at),
        # Who consents to nothing has nothing under `consents`.
        "confirmed_by": "operator" if request.is_by_operator else "person",
        # Not known when it was done again after a restore, for want of the database in which it was counted.
        "erased": described.get("goes"),
        "stays": described.get("stays"),
        "told": described.get("told"),
        "consents": [{"text": given.text_id, "given_at": _moment(given.given_at)} for given in consents],
        "steps": [{"title": each.title, "done_at": _moment(each.done_at)} for each in done],
    }


def _address_digest(step: Step) -> str | None:
    person = read([step.account_id]).get(step.account_id)
    if person is None:
        return None
    return address_digest(nonce=nonce_of(step.deletion_id), canonical=canonical_email(person.address))


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def _log() -> ReceiptLog:
    return ReceiptLog(installed_ledger(), seeds=_seeds(keys.LOG))


def _seeds(purpose: str) -> dict[int, bytes]:
    return keys.signing_seeds(data_dir=settings.ADIEU.data_dir, purpose=purpose)


def _newest(purpose: str) -> bytes:
    seeds = _seeds(purpose)
    return seeds[max(seeds)]
