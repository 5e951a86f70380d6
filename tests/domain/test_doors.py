"""Addresses are sealed and claimed at the save, so no door can miss it (Rules P1, C3, D7)."""

from datetime import datetime

import pytest
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory

from adieu.accounts.adapter import AccountsAdapter
from adieu.accounts.addresses import AccountGone, AddressUnknown, seal
from adieu.accounts.erasing import erase_account
from adieu.accounts.models import Account, Session
from adieu.accounts.operations import register
from adieu.accounts.sessions import SessionStore
from adieu.core.canonical import NotAnAddress
from adieu.identities.models import IdentityClaim
from adieu.identities.operations import IdentityRetired, IdentityTaken, retire
from adieu.kit import sql
from adieu.vault import operations as vault
from tests.support.people import PASSWORD, join

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"
INSERT = """
    INSERT INTO account_emailaddress (user_id, email, verified, "primary")
    SELECT id, {email}, {verified}, false FROM accounts_account
"""
TRIGGERS = {
    "sqlite": """
        SELECT name FROM sqlite_master
        WHERE type = 'trigger' AND tbl_name IN ('account_emailaddress', 'accounts_account')
    """,
    "postgresql": """
        SELECT tgname FROM pg_trigger
        WHERE tgrelid IN ('account_emailaddress'::regclass, 'accounts_account'::regclass) AND NOT tgisinternal
    """,
}


def unverified(address: str, now: datetime) -> EmailAddress:
    account = register(address=address, password=PASSWORD, now=now)
    return EmailAddress.objects.get(user=account)


def test_equal_mailboxes_have_one_sealed_form_and_it_is_readable_by_nobody() -> None:
    sealed = seal("Zoë@Bücher.example")
    assert sealed == seal("zoe\u0308@XN--BCHER-KVA.example")
    assert len(sealed) == 79
    assert "zo" not in sealed.partition("@")[0]


def test_nobody_can_type_a_sealed_address() -> None:
    for typed in (seal(ALICE), "alice@SEALED.INVALID", "alice@sealed\u3002invalid"):
        with pytest.raises(NotAnAddress):
            seal(typed)


def test_a_save_that_verifies_claims(now: datetime) -> None:
    row = unverified(ALICE, now)
    assert not IdentityClaim.objects.exists()
    row.verified = True
    row.save()
    assert IdentityClaim.objects.get().account_id == row.user_id


def test_every_way_to_save_claims(now: datetime) -> None:
    first, second = unverified(ALICE, now), unverified(BOB, now)
    first.set_verified()
    EmailAddress.objects.update_or_create(pk=second.pk, defaults={"verified": True})
    assert IdentityClaim.objects.count() == 2


def test_claim_and_save_happen_together_or_not_at_all(now: datetime) -> None:
    row = unverified(ALICE, now)
    row.verified = True
    with transaction.atomic():
        row.save()
        assert IdentityClaim.objects.exists()
        transaction.set_rollback(True)
    assert not IdentityClaim.objects.exists()
    assert not EmailAddress.objects.get().verified


def test_a_claim_without_its_save_is_taken_back(now: datetime) -> None:
    row = unverified(ALICE, now)
    row.verified, row.email = True, "too long " + row.email
    with pytest.raises(AddressUnknown):
        row.save()
    assert not IdentityClaim.objects.exists()


@pytest.mark.parametrize(("retired", "refusal"), [(True, IdentityRetired), (False, IdentityTaken)])
def test_what_was_somebodys_cannot_be_verified(
    retired: bool, refusal: type[Exception], now: datetime
) -> None:
    row = unverified(ALICE, now)
    other = Account.objects.create(email=seal(BOB), registered_at=now)
    key = row.email.partition("@")[0]
    IdentityClaim.objects.create(key=key, rule_version=1, pepper_version=1, account_id=other.pk)
    if retired:
        with transaction.atomic():
            retire(account_id=other.pk, now=now)
    row.verified = True
    with pytest.raises(refusal):
        row.save()
    assert not EmailAddress.objects.get().verified


def test_an_address_whose_plain_form_is_unknown_stays_unverified(now: datetime) -> None:
    row = unverified(ALICE, now)
    vault.erase(account_id=row.user_id)
    row.verified = True
    with pytest.raises(AddressUnknown):
        row.save()


def test_an_account_that_was_erased_meanwhile_verifies_nothing(now: datetime) -> None:
    row = unverified(ALICE, now)
    with transaction.atomic():
        erase_account(account_id=row.user_id)
    row.verified = True
    with pytest.raises(AccountGone):
        row.save()
    assert not EmailAddress.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account_emailaddress SET verified = true",
        "UPDATE account_emailaddress SET email = 'alice@example.org'",
        "UPDATE account_emailaddress SET email = 'alice@example.org@sealed.invalid'",
        INSERT.format(email="'alice@example.org'", verified="false"),
        INSERT.format(email="'b' || substr(email, 2)", verified="true"),
        "UPDATE accounts_account SET email = 'alice@example.org'",
    ],
)
def test_the_database_refuses_what_goes_around_the_save(statement: str, now: datetime) -> None:
    unverified(ALICE, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.run(statement)


def test_bulk_writes_cannot_verify_either(now: datetime) -> None:
    row = unverified(ALICE, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        EmailAddress.objects.update(verified=True)
    twin = EmailAddress(user_id=row.user_id, email="c" * 64 + "@sealed.invalid", verified=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        EmailAddress.objects.bulk_create([twin])


def test_somebody_elses_claim_is_not_enough(now: datetime) -> None:
    join(ALICE, now, is_welcomed=False)
    bob = join(BOB, now, is_welcomed=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        EmailAddress.objects.bulk_create([EmailAddress(user_id=bob, email=seal(ALICE), verified=True)])


def test_the_triggers_survive_every_migration_of_allauth() -> None:
    names = (
        {"emailaddress_guard", "emailaddress_not_retired", "account_not_retired"}
        if connection.vendor == "postgresql"
        else {
            f"{rule}_on_{event}"
            for rule in (
                "emailaddress_sealed",
                "emailaddress_claimed",
                "emailaddress_not_retired",
                "account_not_retired",
            )
            for event in ("insert", "update")
        }
    )
    assert {name for (name,) in sql.rows(TRIGGERS[connection.vendor])} == names


def test_an_erased_account_is_not_written_back(now: datetime) -> None:
    """Django's `save` inserts where its update finds nothing: a request under way would bring it back."""
    account = register(address=ALICE, password=PASSWORD, now=now)
    with transaction.atomic():
        erase_account(account_id=account.pk)
    with pytest.raises(Account.NotUpdated):
        account.save()
    with pytest.raises(AccountGone):
        AccountsAdapter().set_password(account, PASSWORD)
    assert not Account.objects.exists()


def test_an_account_that_is_erased_while_it_signs_in_gets_no_session(
    now: datetime, rf: RequestFactory
) -> None:
    account = Account.objects.get(pk=join(ALICE, now, is_welcomed=False))
    IdentityClaim.objects.all().delete()
    with transaction.atomic():
        erase_account(account_id=account.pk)
    request = rf.post("/accounts/login/")
    request.session = SessionStore()
    with pytest.raises(ImmediateHttpResponse) as led_back:
        AccountsAdapter().login(request, account)
    assert led_back.value.response.headers["Location"] == "/accounts/login/"
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/code/",
        "/accounts/login/code/confirm/",
        "/accounts/confirm-email/some-key/",
        "/accounts/password/set/",
        "/accounts/password/reset/key/1-set-password/",
        "/accounts/signup/passkey/",
        "/accounts/social/signup/",
        "/accounts/3rdparty/",
        "/accounts/2fa/",
        "/admin/",
        "/_allauth/browser/v1/auth/signup",
    ],
)
def test_allauths_other_doors_are_shut(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(path, {"email": ALICE}).status_code == 404
