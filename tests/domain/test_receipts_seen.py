"""The person gets the receipt: on the farewell page, as a file, by REST and by mail (Rules D9, D10)."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from django.test import Client

from adieu.core.keeping import Step
from adieu.core.receipts import ReceiptFile, read_file, verify
from adieu.deletion.farewell import ISSUE_RECEIPT, NOTICE_OF_COMPLETION, link_token
from adieu.deletion.mails import compose_completion
from adieu.deletion.models import ErasureStep
from adieu.deletion.queue import claim_step, finish_step
from adieu.deletion.receipts import issue, published_keys, receipt_file
from adieu.ledger.opening import open_ledger
from adieu.notices.composing import OwedNotice
from adieu.notices.envelopes import envelope
from tests.support.ledgers import place_for_a_ledger
from tests.support.people import join, leave, work

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
DAYS = timedelta(days=90)


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, now: datetime) -> Iterator[None]:
    with place_for_a_ledger(tmp_path) as store, time_machine.travel(now, tick=False):
        open_ledger(store=store, now=now)
        yield


@pytest.fixture
def gone(now: datetime) -> UUID:
    """A deletion that is over."""
    deletion_id = leave(join(ALICE, now), ALICE, now)
    work(now)
    return deletion_id


def page_of(deletion_id: UUID) -> str:
    return f"/deletions/{link_token(deletion_id=deletion_id)}/"


def is_genuine(file: ReceiptFile) -> bool:
    return bool(verify(file, keys=published_keys()).says)


def test_the_receipt_is_a_file_behind_the_link(gone: UUID, client: Client) -> None:
    answer = client.get(f"{page_of(gone)}receipt.json")
    assert is_genuine(read_file(answer.content.decode()))
    assert answer["Content-Disposition"] == 'attachment; filename="adieu-receipt.json"'
    assert answer["Content-Type"] == "application/json"
    headers = [answer[name] for name in ("Referrer-Policy", "X-Robots-Tag", "Cache-Control")]
    assert headers == ["no-referrer", "noindex, nofollow", "no-store"]
    assert not answer.cookies


def test_the_page_shows_what_went_what_stays_and_who_is_told(gone: UUID, client: Client) -> None:
    page = client.get(page_of(gone)).content.decode()
    for words in (
        "Download receipt",
        "What went",
        "1</span>",
        "What stays",
        "You, by one last mail",
        str(gone),
    ):
        assert words in page
    assert page.count('class="progress-when"') == page.count("progress-step progress-done")
    assert "alice" not in page.lower()


def test_before_it_is_issued_there_is_none(now: datetime, client: Client) -> None:
    deletion_id = leave(join(ALICE, now), ALICE, now)
    assert "Download receipt" not in client.get(page_of(deletion_id)).content.decode()
    assert client.get(f"{page_of(deletion_id)}receipt.json").status_code == 404
    assert client.get(f"/deletions/{'x' * 46}/receipt.json").status_code == 404


def test_rest_tells_the_same(gone: UUID, client: Client, now: datetime) -> None:
    found = client.get(f"/api/v1{page_of(gone)}".rstrip("/")).json()
    assert is_genuine(ReceiptFile(**found["receipt"]))
    assert {going["one"]: going["count"] for going in found["goes"]}["account"] == 1
    assert found["stays"]
    assert found["told"] == ["You, by one last mail. Your address is erased after it."]
    completed_at = datetime.fromisoformat(found["completed_at"])
    assert datetime.fromisoformat(found["shown_until_at"]) == completed_at + DAYS


def test_ninety_days_after_completion_nobody_sees_it_any_more(gone: UUID, client: Client) -> None:
    rest = f"/api/v1{page_of(gone)}".rstrip("/")
    paths = (page_of(gone), f"{page_of(gone)}receipt.json", rest)
    until = datetime.fromisoformat(client.get(rest).json()["shown_until_at"])
    for moment, status in ((until - timedelta(seconds=1), 200), (until, 404)):
        with time_machine.travel(moment, tick=False):
            assert [client.get(path).status_code for path in paths] == [status] * 3
    # The evidence stays.
    assert receipt_file(deletion_id=gone)


def test_the_last_mail_carries_it_and_stays_the_same_mail(now: datetime) -> None:
    account_id = join(ALICE, now)
    deletion_id = leave(account_id, ALICE, now)
    while not ErasureStep.objects.filter(name=ISSUE_RECEIPT).exists():
        claimed = claim_step(now=now)
        assert claimed
        assert finish_step(claimed, now=now)
    issue(step=Step(ISSUE_RECEIPT, account_id, deletion_id, {}), now=now)
    payload = {"deletion_id": str(deletion_id)}
    notice = OwedNotice(deletion_id, NOTICE_OF_COMPLETION, account_id, payload, now, now)
    composed = [compose_completion(notice) for _ in range(2)]
    assert composed[0] == composed[1]
    message = envelope(notice_id=notice.id, composed=composed[0], now=now).message()
    assert str(notice.id) in message["Message-ID"]
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == (
        "adieu-receipt.json",
        "application/json",
    )
    assert is_genuine(read_file(attached.get_content().decode()))
    plain = message.get_body(("plain",))
    assert plain
    body = plain.get_content()
    assert "adieu-receipt.json is your receipt" in body
    assert "/.well-known/adieu-keys.json" in body.replace("\n", "")
    assert ALICE not in json.dumps([str(attached), body])
