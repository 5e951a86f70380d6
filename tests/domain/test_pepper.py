"""`adieu keys rotate pepper` moves all that is live, and lets nobody return (Rule C4)."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError
from django.test import Client, override_settings
from django.utils import timezone

from adieu.accounts.addresses import seal
from adieu.accounts.models import Account, Session
from adieu.accounts.operations import register
from adieu.identities import peppers
from adieu.identities.models import IdentityClaim
from adieu.identities.operations import IdentityRetired, IdentityTaken, claim, free_keys, hold_keys
from adieu.identities.queries import ClaimStatus, key_for, status_of
from adieu.kit import keys, sql
from adieu.kit.errors import UnableToStart
from adieu.kit.transactions import transaction
from adieu.ledger.entries import Kind
from adieu.ledger.places import installed_ledger
from adieu.ops import presence
from adieu.ops.backups import back_up
from adieu.ops.main import main
from adieu.ops.restoring import restore
from adieu.tenancy import invitations, offers
from adieu.tenancy.models import Invitation, Role
from adieu.tenancy.queries import organizations_of
from adieu.vault import operations as vault
from adieu.vault.pairing import VaultNeedsPepper
from tests.support.entrance import code_to, enter_code, is_signed_in, sign_in, sign_up
from tests.support.installations import adieu, installation, wait_until_it_listens
from tests.support.people import PASSWORD, join, leave
from tests.support.peppers import installation_to_rotate, rotate
from tests.support.served import start

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB, CHARLIE = "alice@example.org", "bob@example.org", "charlie@example.org"
type Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _installation(tmp_path: Path, now: datetime) -> Iterator[None]:
    with installation_to_rotate(tmp_path, now):
        yield


def status(address: str) -> ClaimStatus:
    return status_of(kind="email", identifier=address)


def version_of(account_id: UUID) -> int:
    return IdentityClaim.objects.get(account_id=account_id).pepper_version


def is_well() -> bool:
    return main(["doctor"]) == 0


def key_files() -> list[str]:
    return sorted(path.name for path in (settings.ADIEU.data_dir / keys.FOLDER).glob("pepper-*.key"))


def test_whoever_is_there_stays_and_whoever_left_stays_out(now: datetime, capsys: Said) -> None:
    alice, bob = join(ALICE, now), join(BOB, now)
    leave(alice, ALICE, now)
    capsys.readouterr()
    assert rotate() == 0
    assert capsys.readouterr().out == (
        "Pepper 2 is in use from now on. Addresses that were moved: 1.\n"
        "Copy the keys to every machine, and into the backup of your keys. Keep the earlier ones, too.\n"
    )
    assert key_files() == ["pepper-1.key", "pepper-2.key"]
    assert (settings.ADIEU.data_dir / keys.FOLDER / "pepper-2.key").stat().st_mode & 0o777 == 0o600
    assert (version_of(bob), peppers.version_in_use()) == (2, 2)
    assert IdentityClaim.objects.get(retired_at__isnull=False).pepper_version == 1
    assert {Account.objects.get().email, EmailAddress.objects.get().email} == {seal(BOB)}
    assert (status(ALICE), status(BOB)) == (ClaimStatus.RETIRED, ClaimStatus.LIVE)
    with pytest.raises(IdentityRetired):
        register(address="Alice@EXAMPLE.org", password=PASSWORD, now=now)
    assert Account.objects.count() == 1
    sign_in(browser := Client(), BOB)
    assert is_signed_in(browser)


def test_after_it_people_leave_and_are_refused_as_before(now: datetime) -> None:
    bob = join(BOB, now)
    assert (rotate(), rotate()) == (0, 0)
    assert (version_of(bob), key_files()[-1]) == (3, "pepper-3.key")
    leave(bob, BOB, now)
    assert status(BOB) is ClaimStatus.RETIRED
    assert rotate() == 0
    assert status(BOB) is ClaimStatus.RETIRED
    with pytest.raises(IntegrityError, match="a retired claim stays as it is"):
        IdentityClaim.objects.update(pepper_version=4)


def test_an_invitation_finds_its_mailbox_after_it(now: datetime) -> None:
    alice = join(ALICE, now)
    office = organizations_of(account_id=alice)[0].id
    invitations.invite(organization_id=office, account_id=alice, addresses=[BOB], role=Role.MEMBER, now=now)
    assert rotate() == 0
    assert Invitation.objects.get().address_key + "@sealed.invalid" == seal(BOB)
    bob = join(BOB, now)
    assert len(offers.offers_to(account_id=bob, now=now)) == 1


def test_sessions_stay_and_what_was_begun_without_one_is_begun_again(now: datetime) -> None:
    """A page that was open holds an address by its old key, which nobody can claim any more."""
    join(BOB, now)
    sign_in(bob := Client(), BOB)
    sign_up(alice := Client(), ALICE)
    code = code_to(ALICE)
    assert rotate() == 0
    assert is_signed_in(bob)
    assert not Session.objects.filter(account__isnull=True).exists()
    enter_code(alice, code)
    assert status(ALICE) is ClaimStatus.FREE
    assert not is_signed_in(alice)
    sign_up(alice, ALICE)
    enter_code(alice, code_to(ALICE))
    assert status(ALICE) is ClaimStatus.LIVE
    assert is_signed_in(alice)
    # The account that waited under the new key gave way.
    assert Account.objects.count() == 2


def test_a_lift_reaches_what_was_retired_before_it(
    now: datetime, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    leave(join(ALICE, now), ALICE, now)
    retired = IdentityClaim.objects.get().key
    assert rotate() == 0
    monkeypatch.setattr(sys, "stdin", StringIO(f"{ALICE}\n"))
    assert main(["identities", "lift", "--reason", "asked"]) == 0, capsys.readouterr()
    assert status(ALICE) is ClaimStatus.FREE
    # A restored database may have it under either.
    (line,) = [entry for entry in installed_ledger().entries() if entry.kind == Kind.LIFTED]
    assert line.body["keys"] == [seal(ALICE).removesuffix("@sealed.invalid"), retired]
    assert version_of(join(ALICE, now)) == 2


def test_whom_the_vault_does_not_know_stays_and_signs_in(now: datetime, capsys: Said) -> None:
    """Nobody else gets the address; when the vault is brought back, the next rotation moves it."""
    bob = join(BOB, now)
    vault.erase(account_id=bob)
    capsys.readouterr()
    assert rotate() == 0
    left = "1 live address stands under an earlier pepper: the vault has no entry for the account"
    assert capsys.readouterr().out.splitlines()[:2] == [
        "Pepper 2 is in use from now on. Addresses that were moved: 0.",
        f"{left}, or a restore left open whose it is",
    ]
    assert (version_of(bob), status(BOB)) == (1, ClaimStatus.LIVE)
    assert not is_well()
    assert f"WRONG   {left}" in capsys.readouterr().out
    sign_in(browser := Client(), BOB)
    assert is_signed_in(browser)
    with pytest.raises(IdentityTaken):
        join(BOB, now)
    vault.put(account_id=bob, address=BOB, now=now)
    assert rotate() == 0
    assert version_of(bob) == 3


def test_what_waits_for_the_operator_under_the_new_key_is_in_nobodys_way(now: datetime) -> None:
    """A backup from before the rotation, and a deletion after it that has no end in the ledger (Rule L1)."""
    bob = join(BOB, now)
    keys.make_next(data_dir=settings.ADIEU.data_dir, purpose=keys.PEPPER)
    settings.PEPPERS = keys.peppers(data_dir=settings.ADIEU.data_dir, given=None)
    held = [(key_for(kind="email", identifier=BOB), 1, 2)]
    with transaction():
        hold_keys(keys=held, since=now)
    assert rotate() == 0
    assert (version_of(bob), status(BOB), key_files()[-1]) == (1, ClaimStatus.RETIRED, "pepper-2.key")
    with transaction():
        free_keys(keys=held, since=now)
    assert status(BOB) is ClaimStatus.LIVE
    sign_in(browser := Client(), BOB)
    assert is_signed_in(browser)
    assert rotate() == 0
    assert version_of(bob) == 3


def test_while_somebody_serves_nothing_is_rotated(now: datetime, capsys: Said) -> None:
    bob = join(BOB, now)
    with presence.alone():
        assert rotate() == 2
    assert "Adieu is running on this database" in capsys.readouterr().err
    assert (key_files(), version_of(bob)) == (["pepper-1.key"], 1)


def test_meanwhile_nobody_begins_to_serve() -> None:
    with presence.alone(), pytest.raises(presence.RestoreUnderWay, match="rotation of the pepper"):
        presence.show()


def test_a_backup_from_after_it_needs_its_pepper(now: datetime, tmp_path: Path) -> None:
    bob, old = join(BOB, now), dict(settings.PEPPERS)
    assert rotate() == 0
    back_up(file := tmp_path / "monday.adieu", now=now)
    with (
        override_settings(PEPPERS=old),
        pytest.raises(VaultNeedsPepper, match=r"bring keys/pepper-2\.key"),
    ):
        list(restore(file))
    assert version_of(bob) == 2


@pytest.mark.parametrize("is_retired", [True, False])
def test_a_process_that_knows_only_the_old_pepper_claims_nothing(now: datetime, *, is_retired: bool) -> None:
    """It was not seen, because the server had lost its lock: the database refuses it all the same."""
    old = dict(settings.PEPPERS)
    bob = join(BOB, now)
    assert rotate() == 0
    if is_retired:
        leave(bob, BOB, now)
    before = list(IdentityClaim.objects.values())
    with override_settings(PEPPERS=old):
        # It sees nobody there.
        assert status(BOB) is ClaimStatus.FREE
        with pytest.raises(IntegrityError, match="a new claim stands under the pepper in use"):
            join(BOB, now)
        sign_up(browser := Client(), BOB)
        enter_code(browser, code_to(BOB))
        assert not is_signed_in(browser)
    assert list(IdentityClaim.objects.values()) == before


def test_a_claim_that_comes_late_is_refused_below_every_operation(now: datetime) -> None:
    bob = join(BOB, now)
    assert rotate() == 0
    late = IdentityClaim(key="0" * 64, rule_version=1, pepper_version=1, account_id=bob)
    with pytest.raises(IntegrityError, match="a new claim stands under the pepper in use"):
        late.save(force_insert=True)
    with transaction():
        claim(kind="email", identifier=CHARLIE, account_id=bob)


def test_a_claim_that_comes_early_is_refused_as_well(now: datetime) -> None:
    """A key file that was put there by hand: whoever does not have it would not see the claim."""
    bob = join(BOB, now)
    early = IdentityClaim(key="0" * 64, rule_version=1, pepper_version=2, account_id=bob)
    with pytest.raises(IntegrityError, match="a new claim stands under the pepper in use"):
        early.save(force_insert=True)


def test_a_database_that_refuses_is_one_line_and_nothing_is_moved(now: datetime, capsys: Said) -> None:
    bob = join(BOB, now)
    sql.run("ALTER TABLE tenancy_invitation RENAME COLUMN address_key TO away")
    try:
        assert rotate() == 2
    finally:
        sql.run("ALTER TABLE tenancy_invitation RENAME COLUMN away TO address_key")
    said = capsys.readouterr().err
    assert (said.count("\n"), "cannot be used" in said, BOB in said) == (1, True, False)
    assert (version_of(bob), peppers.version_in_use(), key_files()[-1]) == (1, 1, "pepper-2.key")
    assert rotate() == 0
    assert (version_of(bob), key_files()[-1]) == (2, "pepper-2.key")


def test_a_pepper_that_is_a_setting_is_added_by_hand(now: datetime, capsys: Said) -> None:
    bob = join(BOB, now)
    old = {version: pepper.decode() for version, pepper in settings.PEPPERS.items()}
    with override_settings(ADIEU=replace(settings.ADIEU, pepper=old)):
        assert rotate() == 2
        assert "adieu: ADIEU_PEPPER is a setting: add `2:NEW` to it yourself" in capsys.readouterr().err
    assert (key_files(), version_of(bob)) == (["pepper-1.key"], 1)
    added = {**old, 2: "0123456789abcdef0123456789abcdef"}
    with override_settings(
        ADIEU=replace(settings.ADIEU, pepper=added),
        PEPPERS={version: pepper.encode() for version, pepper in added.items()},
    ):
        assert main(["backup", "nowhere/file"]) == 2
        assert "stand under pepper 1, and pepper 2 is here: run `adieu keys" in capsys.readouterr().err
        assert rotate() == 0
        assert (key_files(), version_of(bob)) == (["pepper-1.key"], 2)


@pytest.mark.parametrize(
    ("known", "why", "of_vault"),
    [
        ({}, "needs pepper 1, and it is not here", "The vault needs pepper 2, and it is not here"),
        ({1: b"x"}, "Pepper 1 is not the one", "The vault needs pepper 2, and it is not here"),
        ({1: b"", 2: b"x"}, "Pepper 2 is not the one", "vault belongs to another"),
        ({1: b""}, "needs pepper 2, and it is not here", "The vault needs pepper 2, and it is not here"),
        ({1: b"", 2: b"", 3: b"x"}, "stand under pepper 2, and pepper 3 is here", ""),
    ],
)
def test_whoever_knows_other_peppers_does_not_start(
    known: dict[int, bytes], why: str, of_vault: str, capsys: Said
) -> None:
    assert rotate() == 0
    capsys.readouterr()
    here = {version: pepper or settings.PEPPERS[version] for version, pepper in known.items()}
    with override_settings(PEPPERS=here or {9: b"x"}):
        assert main(["deletions", "list"]) == 2
        said = capsys.readouterr().err
        # The vault is looked at first.
        assert (of_vault or why) in said
        with pytest.raises(UnableToStart, match=why):
            peppers.require_fit(peppers=settings.PEPPERS)


def test_a_key_file_that_went_away_or_lies_open_is_named(tmp_path: Path) -> None:
    assert rotate() == 0
    folder = settings.ADIEU.data_dir
    (folder / "keys" / "pepper-2.key").chmod(0o640)
    with pytest.raises(keys.KeyUnusable, match=r"pepper-2\.key is open to others"):
        keys.peppers(data_dir=folder, given=None)
    (folder / "keys" / "pepper-2.key").chmod(0o600)
    (folder / "keys" / "pepper-1.key").unlink()
    with pytest.raises(keys.KeyUnusable, match=r"pepper-1\.key is gone"):
        keys.peppers(data_dir=folder, given=None)


def test_as_commands_on_an_installation(tmp_path: Path) -> None:
    with installation(tmp_path) as given:
        console = start(given, "web")
        try:
            wait_until_it_listens(given)
            status, said = adieu(given, "keys", "rotate", "pepper")
            assert (status, "Adieu is running" in said) == (2, True), said
        finally:
            console.terminate()
            console.wait()
        status, said = adieu(given, "keys", "rotate", "pepper")
        assert (status, said.splitlines()[0]) == (
            0,
            "Pepper 2 is in use from now on. Addresses that were moved: 0.",
        )
        newest = Path(given["ADIEU_DATA_DIR"]) / "keys" / "pepper-2.key"
        newest.chmod(0o640)
        for command in ("web", "worker", "serve", "migrate"):
            status, said = adieu(given, command)
            assert (status, "is open to others than its owner" in said) == (2, True), said
        newest.rename(newest.with_name("away"))
        for command in ("web", "worker", "serve", "migrate", "compact"):
            status, said = adieu(given, command)
            assert (status, "needs pepper 2, and it is not here" in said) == (
                2,
                True,
            ), said
        newest.with_name("away").rename(newest)
        newest.chmod(0o600)
        assert adieu(given, "migrate") == (0, "")


def test_the_doctor_says_which_is_in_use(capsys: Said) -> None:
    assert is_well(), capsys.readouterr()
    assert "Pepper 1 is in use since 2030-03-04; here: 1\n" in capsys.readouterr().out
    assert rotate() == 0
    assert is_well()
    assert f"Pepper 2 is in use since {timezone.now():%Y-%m-%d}; here: 1, 2\n" in capsys.readouterr().out
