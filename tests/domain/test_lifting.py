"""An operator lifts a retired address, with a reason that is recorded (Rule C6)."""

import io
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from adieu.accounts.lifting import lift
from adieu.accounts.models import Account
from adieu.activities.kinds import OperatorReason
from adieu.activities.models import OperatorAct
from adieu.core.canonical import NotAnAddress
from adieu.identities.models import IdentityClaim
from adieu.identities.operations import IdentityRetired, NotRetired
from adieu.identities.queries import ClaimStatus, key_for, status_of
from adieu.kit import sql
from adieu.ledger.entries import Kind
from adieu.ledger.opening import open_ledger
from adieu.ledger.places import installed_ledger
from adieu.ops import vaults
from adieu.ops.ledgers import catch_up
from adieu.ops.main import main
from tests.support.crowds import all_at_once
from tests.support.ledgers import place_for_a_ledger
from tests.support.people import join, leave

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB = "alice@example.org", "bob@example.org"


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path, now: datetime) -> Iterator[None]:
    vaults.pair()
    with place_for_a_ledger(tmp_path) as store:
        open_ledger(store=store, now=now)
        yield


@pytest.fixture
def key(now: datetime) -> str:
    """The claim key of Alice's address, which is retired."""
    leave(join(ALICE, now), ALICE, now)
    catch_up(now=now)
    return IdentityClaim.objects.get().key


def status() -> ClaimStatus:
    return status_of(kind="email", identifier=ALICE)


def lift_alice(now: datetime, address: str = ALICE) -> None:
    lift(address=address, reason=OperatorReason.ASKED, actor_id=None, now=now)


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("spelling", [ALICE, "Alice@EXAMPLE.org"])
def test_a_lifted_address_can_be_used_again(now: datetime, spelling: str) -> None:
    lift_alice(now, spelling)
    assert status() == ClaimStatus.FREE
    again = join(ALICE, now)
    assert IdentityClaim.objects.get().account_id == again


def test_it_is_recorded_with_its_reason(key: str, now: datetime) -> None:
    lift_alice(now)
    act = OperatorAct.objects.get()
    assert (act.kind, act.reason, act.subject_id, act.actor_id, act.recorded_at) == (
        "identity.lifted",
        "asked",
        key,
        None,
        now,
    )


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    "change", ["DELETE FROM activities_operatoract", "UPDATE activities_operatoract SET reason = 'law'"]
)
def test_the_database_keeps_what_was_recorded(now: datetime, change: str) -> None:
    lift_alice(now)
    with pytest.raises(IntegrityError, match="operator_act_is_append_only"), transaction.atomic():
        sql.run(change)
    assert OperatorAct.objects.get().reason == "asked"


@pytest.mark.parametrize("is_live", [True, False])
def test_what_is_not_retired_is_not_lifted(now: datetime, *, is_live: bool) -> None:
    if is_live:
        join(ALICE, now)
    before = status()
    with pytest.raises(NotRetired):
        lift_alice(now)
    assert status() == before
    assert not OperatorAct.objects.exists()


@pytest.mark.usefixtures("key")
def test_a_mistyped_address_changes_nothing(now: datetime) -> None:
    with pytest.raises(NotAnAddress):
        lift_alice(now, "alice at example")
    with pytest.raises(NotRetired):
        lift_alice(now, BOB)
    assert status() == ClaimStatus.RETIRED


def test_the_ledger_hears_of_it(key: str, now: datetime) -> None:
    lift_alice(now)
    catch_up(now=now)
    last = list(installed_ledger().entries())[-1]
    assert (last.kind, last.body["keys"]) == (Kind.LIFTED, [key])


def test_a_restored_database_lifts_it_again_after_it_has_erased_again(now: datetime) -> None:
    """The order of the ledger is the order of what happened (Rule L2)."""
    alice = join(ALICE, now, is_welcomed=False)
    key = key_for(kind="email", identifier=ALICE)
    body = {"deletion": str(uuid4()), "account": str(alice), "fence": str(uuid4()), "keys": [[key, 1, 1]]}
    ledger = installed_ledger()
    ledger.append(kind=Kind.CONFIRMED, body={"change": str(uuid4()), **body}, now=now)
    ledger.append(kind=Kind.LIFTED, body={"change": str(uuid4()), "keys": [key]}, now=now)
    catch_up(now=now, is_start=True)
    assert not Account.objects.exists()
    assert status() == ClaimStatus.FREE


def test_a_restore_from_before_the_lifting_lifts_it_again(key: str, now: datetime) -> None:
    installed_ledger().append(kind=Kind.LIFTED, body={"change": str(uuid4()), "keys": [key]}, now=now)
    catch_up(now=now, is_start=True)
    assert status() == ClaimStatus.FREE


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("attempt", range(3))
def test_a_sign_up_at_the_same_moment_is_before_or_after_it(now: datetime, attempt: int) -> None:
    came, lifted = all_at_once(partial(join, ALICE, now, is_welcomed=False), partial(lift_alice, now))
    assert lifted is None
    if isinstance(came, Exception):
        assert isinstance(came, IdentityRetired)
        assert status() == ClaimStatus.FREE
    else:
        assert status() == ClaimStatus.LIVE


def adieu(monkeypatch: pytest.MonkeyPatch, typed: str, *words: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
    return main(list(words))


@pytest.mark.usefixtures("key")
def test_the_command_reads_the_address_and_shows_it_nowhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert adieu(monkeypatch, ALICE, "identities", "lift", "--reason", "law") == 0
    assert status() == ClaimStatus.FREE
    assert adieu(monkeypatch, ALICE, "identities", "lift", "--reason", "law") == 1
    assert adieu(monkeypatch, "no address", "identities", "lift", "--reason", "law") == 1
    assert adieu(monkeypatch, "", "log") == 0
    said = capsys.readouterr()
    assert "because the law demands it" in said.out
    assert "This identifier is not retired." in said.err
    assert "alice" not in said.out + said.err


@pytest.mark.usefixtures("key")
def test_the_command_wants_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (("identities", "lift"), ("identities", "lift", "--reason", "because")):
        with pytest.raises(SystemExit):
            adieu(monkeypatch, ALICE, *words)
    assert status() == ClaimStatus.RETIRED


def test_what_was_settled_after_a_restore_is_recorded(now: datetime) -> None:
    alice = join(ALICE, timezone.now(), is_welcomed=False)
    deletion_id = str(uuid4())
    body = {"deletion": deletion_id, "account": str(alice), "fence": str(uuid4()), "keys": []}
    installed_ledger().append(kind=Kind.INTENT, body=body, now=now)
    assert main(["ledger", "settle", deletion_id, "--was-not-erased"]) == 0
    act = OperatorAct.objects.get()
    assert (act.kind, act.reason, act.subject_id) == ("deletion.settled", "restore", deletion_id)
