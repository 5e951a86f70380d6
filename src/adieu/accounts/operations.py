"""Making accounts, changing them, and erasing those that were never verified."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.db.transaction import set_rollback

from adieu.accounts import queries, terms
from adieu.accounts.addresses import KIND, AccountGone, seal, seal_anything
from adieu.accounts.erasing import erase_account, lock_account
from adieu.accounts.models import Account
from adieu.identities.operations import IdentityRetired
from adieu.identities.queries import ClaimStatus, status_of
from adieu.kit.transactions import transaction, transaction_required
from adieu.notices import operations as notices
from adieu.vault import operations as vault

UNVERIFIED_LIVES = timedelta(hours=24)
SWEEP_BATCH = 500


def register(*, address: str, password: str, now: datetime) -> Account:
    """Make an account that works once its address is verified, with agreement to the terms (Rule A1).

    An unverified account with the same address gives way, so nobody can squat.

    Raises:
        NotAnAddress: the address has no canonical form.
        IdentityRetired: a deleted account had it.
    """
    account = _new(address, password, now)
    # Rule P4: the entry first. If the transaction fails, a sweep erases it.
    vault.put(account_id=account.pk, address=address, now=now)
    earlier = queries.unverified_with(sealed=account.email)
    try:
        with transaction():
            erased = [account_id for account_id in earlier if _erase_unverified(account_id, now)]
            _refuse_retired(address)
            _write(account, now)
    except IntegrityError as refusal:
        # A trigger refuses a retired address, so that no look beforehand has to be right (Rule C3).
        if status_of(kind=KIND, identifier=address) is not ClaimStatus.RETIRED:
            raise
        vault.erase(account_id=account.pk)
        raise IdentityRetired from refusal
    except IdentityRetired:
        vault.erase(account_id=account.pk)
        raise
    _erase_entries(erased)
    return account


def rehearse_registration(*, address: str, password: str, now: datetime) -> None:
    """Do the work of `register` and leave nothing, so that its time tells nothing (Rule A5).

    The entry's going stands for the commit that a real sign-up waits for.
    """
    account = _new(address, password, now)
    vault.put(account_id=account.pk, address=address, now=now)
    queries.unverified_with(sealed=account.email)
    # The database refuses a retired address, so another stands in for it.
    account.email = seal_anything(f"rehearsed {address}")
    with transaction():
        status_of(kind=KIND, identifier=address)
        _write(account, now)
        set_rollback(True)
    vault.erase(account_id=account.pk)


def _new(address: str, password: str, now: datetime) -> Account:
    return Account(id=uuid4(), email=seal(address), password=make_password(password), registered_at=now)


def _refuse_retired(address: str) -> None:
    # The trigger knows the key under the pepper in use only; nobody can compute the others from it (Rule C4).
    if status_of(kind=KIND, identifier=address) is ClaimStatus.RETIRED:
        raise IdentityRetired


@transaction_required
def _write(account: Account, now: datetime) -> None:
    account.save()
    EmailAddress.objects.create(user=account, email=account.email, primary=True)
    terms.agree(account_id=account.pk, now=now)


def change_profile(*, account_id: UUID, name: str, company: str, country: str) -> None:
    """Change what a person says about themselves.

    Raises:
        TooLong, UnusableCharacter, UnknownCountry: a field cannot be kept.
        AccountGone: the account was deleted meanwhile; nothing is kept.
    """
    vault.change_profile(account_id=account_id, name=name, company=company, country=country)
    # The account may have been deleted since the request began: then the step that cut the entry down may
    # have come before this write (Rule P4).
    if not queries.known([account_id]):
        vault.cut_down(account_id=account_id)
        raise AccountGone


def erase_namesakes(*, sealed: str, now: datetime) -> None:
    """Erase the unverified accounts of an address that somebody has just verified."""
    erased = [
        account_id for account_id in queries.unverified_with(sealed=sealed) if _erase_alone(account_id, now)
    ]
    _erase_entries(erased)


def sweep_unverified(now: datetime) -> int:
    """Erase the accounts that stayed unverified for 24 hours (Rule A1) and tell how many there were.

    Those whose address is somebody else's go at once: a sign-up that looked before that person's code was
    entered, and wrote after it. Else their address would outlive that person's deletion.
    """
    old = queries.unverified_before(moment=now - UNVERIFIED_LIVES, limit=SWEEP_BATCH)
    late = queries.unverified_beside_claims(limit=SWEEP_BATCH)
    erased = [account_id for account_id in dict.fromkeys([*old, *late]) if _erase_alone(account_id, now)]
    _erase_entries(erased)
    if erased:
        vault.checkpoint()
    return len(erased)


def _erase_alone(account_id: UUID, now: datetime) -> bool:
    with transaction():
        return _erase_unverified(account_id, now)


@transaction_required
def _erase_unverified(account_id: UUID, now: datetime) -> bool:
    """Erase an account unless its code was entered meanwhile; tell whether it is erased."""
    # The look is a statement of its own after the lock: a code that was being entered is seen.
    if not lock_account(account_id=account_id) or _is_verified(account_id):
        return False
    notices.drop(account_id=account_id, now=now)
    erase_account(account_id=account_id)
    return True


def _is_verified(account_id: UUID) -> bool:
    return EmailAddress.objects.filter(user_id=account_id, verified=True).exists()


def _erase_entries(account_ids: list[UUID]) -> None:
    # Rule P4: after the transaction.
    for account_id in account_ids:
        vault.erase(account_id=account_id)
