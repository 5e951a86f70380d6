"""At completion one receipt is issued, whatever happens; it names nobody, and its log only grows.

Rules D9, L3.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from shutil import copytree
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core import mail
from django.test import override_settings

from adieu.core import merkle
from adieu.core.keeping import Step
from adieu.core.notes import sign_note
from adieu.core.receipts import Genuine, ReceiptFile, address_digest, verify
from adieu.core.tlog import Checkpoint, read_proof
from adieu.deletion.consents import TEXTS
from adieu.deletion.erasure import run_due_steps
from adieu.deletion.farewell import ISSUE_RECEIPT, NOTICE_OF_COMPLETION
from adieu.deletion.models import DeletionRequest, ErasureStep, Receipt, StepState
from adieu.deletion.queue import claim_step, finish_step
from adieu.deletion.receipts import issue, published_keys, receipt_file
from adieu.kit import keys
from adieu.ledger.entries import Entry, Kind
from adieu.ledger.opening import open_ledger
from adieu.ledger.places import installed_ledger
from adieu.ledger.receipt_log import UnableToIssue, origin_of
from adieu.notices.models import Notice
from adieu.ops.ledgers import catch_up
from adieu.tenancy.keeper import OWNERS_ARE_TOLD
from tests.support.crowds import all_at_once
from tests.support.departures import prepare_to_leave
from tests.support.ledgers import hide_ledger, place_for_a_ledger, show_ledger
from tests.support.people import confirm, join, leave, work

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB, CHARLIE = "alice@example.org", "bob@example.org", "charlie@example.org"


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, now: datetime) -> Iterator[None]:
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=now)
        yield


def lines(kind: Kind) -> Sequence[Entry]:
    return [entry for entry in installed_ledger().entries() if entry.kind == kind]


def genuine(deletion_id: UUID) -> Genuine:
    return verify(_file(deletion_id), keys=published_keys())


def gone(address: str, now: datetime) -> UUID:
    """Let somebody leave to the end."""
    deletion_id = leave(join(address, now), address, now)
    work(now)
    return deletion_id


def completed(address: str, now: datetime) -> Step:
    """Let somebody leave until only the receipt is to be issued; give that step."""
    account_id = join(address, now)
    deletion_id = leave(account_id, address, now)
    while not ErasureStep.objects.filter(request_id=deletion_id, name=ISSUE_RECEIPT).exists():
        claimed = claim_step(now=now)
        assert claimed
        assert finish_step(claimed, now=now)
    return Step(ISSUE_RECEIPT, account_id, deletion_id, {})


def test_it_says_what_went_what_stays_and_who_was_told(now: datetime) -> None:
    alice, bob = join(ALICE, now), join(BOB, now)
    deletion_id = confirm(alice, prepare_to_leave(alice, ALICE, bob, now), now)
    work(now + timedelta(seconds=3))
    says = genuine(deletion_id).says
    assert {going["one"]: going["count"] for going in says["erased"]} == {
        "account": 1,
        "invitation you sent": 2,
        "membership in an organization": 1,
        "profile (address, name, company, country)": 1,
        "session": 1,
    }
    assert all(staying["why"] and staying["how_long"] for staying in says["stays"])
    assert says["told"] == [OWNERS_ARE_TOLD, "You, by one last mail. Your address is erased after it."]
    last = {(message.to[0], str(message.subject)) for message in mail.outbox[-2:]}
    assert last == {(BOB, "Invitations to “Office” ended"), (ALICE, "Your account has been deleted")}
    assert [given["text"] for given in says["consents"]] == sorted(TEXTS)
    times = [says["requested_at"], says["confirmed_at"], says["completed_at"]]
    completed_at = DeletionRequest.objects.get().completed_at
    assert completed_at
    assert times == [now.isoformat(), now.isoformat(), completed_at.isoformat()]
    assert (says["deletion"], says["repeated_at"]) == (str(deletion_id), None)
    assert len(says["steps"]) == 6
    assert all(step["done_at"] for step in says["steps"])


def test_only_who_has_the_file_can_tell_whose_it_is(now: datetime) -> None:
    deletion_id = gone(ALICE, now)
    file, row = _file(deletion_id), Receipt.objects.get()
    nonce = read_proof(file.proof).extra
    assert genuine(deletion_id).says["address_digest"] == address_digest(nonce=nonce, canonical=ALICE)
    assert read_proof(row.proof).extra == b""
    ledger = repr(list(installed_ledger().entries()))
    assert "alice" not in repr((file, row.receipt, row.proof, ledger)).lower()
    assert nonce.hex() not in ledger


def test_the_last_mail_waits_for_it(now: datetime) -> None:
    """Rule D9: the mail goes with it. The ledger cannot be written for a while."""
    alice = completed(ALICE, now)
    hide_ledger()
    errors: list[Exception] = []
    run_due_steps(now=lambda: now, random=lambda: 0.0, report=lambda _, error: errors.append(error))
    show_ledger()
    assert len(errors) == 1
    assert not Notice.objects.filter(kind=NOTICE_OF_COMPLETION).exists()
    work(now + timedelta(minutes=1))
    assert Notice.objects.get(kind=NOTICE_OF_COMPLETION).state == "delivered"
    assert genuine(alice.deletion_id).head.size == 1


def test_issuing_again_changes_nothing(now: datetime) -> None:
    alice = completed(ALICE, now)
    for seconds in range(3):
        issue(step=alice, now=now + timedelta(seconds=seconds))
    assert (len(lines(Kind.RECEIPT)), len(lines(Kind.CHECKPOINT))) == (1, 1)


def test_workers_at_once_issue_one_receipt_for_each_and_never_two_trees_of_one_size(now: datetime) -> None:
    steps = [completed(address, now) for address in (ALICE, BOB, CHARLIE)]
    acts = [partial(issue, step=step, now=now) for step in steps for _ in range(3)]
    assert all_at_once(*acts) == [None] * len(acts)
    found = [genuine(step.deletion_id) for step in steps]
    assert sorted(receipt.index for receipt in found) == [0, 1, 2]
    roots = {(line.body["size"], line.body["root"]) for line in lines(Kind.CHECKPOINT)}
    assert len(roots) == len({size for size, _ in roots})
    assert max(size for size, _ in roots) == 3


def test_each_head_extends_the_one_before(now: datetime) -> None:
    for address in (ALICE, BOB, CHARLIE):
        gone(address, now)
    leaves = [bytes.fromhex(line.body["leaf"]) for line in lines(Kind.RECEIPT)]
    heads = [(line.body["size"], line.body["root"]) for line in lines(Kind.CHECKPOINT)]
    assert heads == [(size, merkle.root_of(leaves[:size]).hex()) for size in (1, 2, 3)]


def test_receipts_outlive_the_keys_that_signed_them(now: datetime, tmp_path: Path) -> None:
    before = gone(ALICE, now)
    with _rotated(tmp_path):
        after = gone(BOB, now)
        assert (genuine(before).head.size, genuine(after).head.size) == (1, 2)
    assert len({_file(deletion).receipt.split(".")[0] for deletion in (before, after)}) == 2


def test_a_receipt_that_was_in_the_log_before_a_rotation_is_not_issued_again(
    now: datetime, tmp_path: Path
) -> None:
    alice = completed(ALICE, now)
    issue(step=alice, now=now)
    first = _file(alice.deletion_id)
    Receipt.objects.all().delete()
    with _rotated(tmp_path):
        issue(step=alice, now=now)
    assert _file(alice.deletion_id) == first


@contextmanager
def _rotated(folder: Path) -> Iterator[None]:
    """Let the next keys sign, in a data folder that is this test's own."""
    copytree(settings.ADIEU.data_dir / keys.FOLDER, folder / keys.FOLDER)
    made = {keys.make_next(data_dir=folder, purpose=purpose) for purpose in (keys.RECEIPT, keys.LOG)}
    assert made == {2}
    with override_settings(ADIEU=replace(settings.ADIEU, data_dir=folder)):
        yield


def _file(deletion_id: UUID) -> ReceiptFile:
    file = receipt_file(deletion_id=deletion_id)
    assert file
    return file


@pytest.mark.parametrize("wrong", ["larger", "other", "foreign", "elsewhere"])
def test_nothing_is_signed_when_the_last_head_does_not_fit(now: datetime, wrong: str) -> None:
    gone(ALICE, now)
    step = completed(BOB, now)
    _sign_wrong_head(wrong, now)
    with pytest.raises(UnableToIssue):
        issue(step=step, now=now)
    assert (len(lines(Kind.RECEIPT)), len(lines(Kind.CHECKPOINT))) == (1, 2)
    assert not Receipt.objects.filter(request_id=step.deletion_id).exists()


def _sign_wrong_head(wrong: str, now: datetime) -> None:
    store = installed_ledger()
    origin = origin_of(store) if wrong != "elsewhere" else f"adieu/{uuid4()}"
    leaf = bytes.fromhex(lines(Kind.RECEIPT)[0].body["leaf"])
    root = merkle.root_of([leaf if wrong != "other" else b"o" * 32])
    head = Checkpoint(origin, 2 if wrong == "larger" else 1, root)
    own = keys.signing_seeds(data_dir=settings.ADIEU.data_dir, purpose=keys.LOG)[1]
    seed = own if wrong != "foreign" else b"f" * 32
    note = sign_note(head.text, name=origin, seed=seed)
    store.append(kind=Kind.CHECKPOINT, body={"size": head.size, "root": root.hex(), "note": note}, now=now)


def test_the_operator_sees_a_log_that_does_not_fit(now: datetime) -> None:
    gone(ALICE, now)
    _sign_wrong_head("other", now)
    step = completed(BOB, now)
    for quarters in range(20):
        moment = now + timedelta(minutes=15 * quarters)
        run_due_steps(now=partial(_same, moment), random=lambda: 0.0, report=lambda *_: None)
    row = ErasureStep.objects.get(request_id=step.deletion_id, name=ISSUE_RECEIPT)
    assert (row.state, row.last_error) == (StepState.STUCK, "adieu.ledger.receipt_log.UnableToIssue")
    assert not Notice.objects.filter(kind=NOTICE_OF_COMPLETION, account_id=step.account_id).exists()


def test_a_deletion_repeated_after_a_restore_says_so_and_counts_nothing(now: datetime) -> None:
    """The ledger knows of the deletion and has no receipt of it."""
    alice = join(ALICE, now, is_welcomed=False)
    deletion_id = uuid4()
    about = {"deletion": str(deletion_id), "account": str(alice), "fence": str(uuid4()), "keys": []}
    store = installed_ledger()
    store.append(kind=Kind.INTENT, body=about, now=now)
    store.append(kind=Kind.CONFIRMED, body={"change": str(uuid4()), **about}, now=now)
    later = now + timedelta(days=1)
    catch_up(now=later, is_start=True)
    work(later)
    says = genuine(deletion_id).says
    assert (says["erased"], says["repeated_at"]) == (None, later.isoformat())
    assert not Notice.objects.filter(kind=NOTICE_OF_COMPLETION).exists()


def _same(moment: datetime) -> datetime:
    return moment
