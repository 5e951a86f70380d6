"""Sealed addresses: what stands for an e-mail address in the main database (Rule P1).

Note [Sealed addresses]
A sealed address is `<claim key>@sealed.invalid`. Typed addresses are sealed at the edge, by our forms,
and allauth sees, compares and stores the sealed form only. Equal mailboxes have equal sealed forms, so its
look-ups and unique constraints work. The plain address is read back to send mail and to show it: from the
account's entry in the vault, or, where there is no account, from the session, whose content stands in the
vault as well.
"""

from contextlib import nullcontext
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.core import context
from django.conf import settings
from django.http import HttpRequest

from adieu.accounts.models import Account
from adieu.core.canonical import NotAnAddress, canonical_email
from adieu.core.claim_keys import claim_key
from adieu.identities.operations import claim
from adieu.identities.queries import all_keys_for, standing_key_for
from adieu.kit.errors import Fact
from adieu.kit.transactions import in_transaction, transaction
from adieu.vault import queries as vault

KIND = "email"
SEAL = "@sealed.invalid"
STASH = "plain_addresses"
# A sign-up that is begun again with another address keeps the earlier one for its open tab.
MOST_STASHED = 3


class AccountGone(Fact):
    """The account was erased meanwhile."""


class AddressUnknown(Fact):
    """The plain form of this address is not known, so nobody can claim it."""


def seal(plain: str) -> str:
    """Give the sealed form of an address.

    Raises:
        NotAnAddress: it has no canonical form, or is of the domain that stands for sealed ones.
    """
    if canonical_email(plain).endswith(SEAL):
        raise NotAnAddress
    return standing_key_for(kind=KIND, identifier=plain) + SEAL


def seal_for_sign_in(typed: str) -> str:
    """Give the sealed form under which an account has what was typed, else the newest (Rule C4).

    An address that a rotation could not move stands under an earlier pepper, and still signs in.
    """
    if typed.endswith(SEAL):
        return seal_anything(typed)
    try:
        forms = [key + SEAL for key in all_keys_for(kind=KIND, identifier=typed)]
    except NotAnAddress:
        return seal_anything(typed)
    rows = EmailAddress.objects.filter(email__in=forms, verified=True).values_list("email", flat=True)
    return rows.first() or forms[0]


def seal_anything(typed: str) -> str:
    """Give a sealed form of whatever was typed; what is no address gets one that no account has (Rule A5)."""
    try:
        return seal(typed)
    except NotAnAddress:
        pepper = settings.PEPPERS[max(settings.PEPPERS)]
        # Of a kind that cannot be claimed, so it is never the key of an address.
        return claim_key(pepper=pepper, kind="no-address", canonical=typed) + SEAL


def is_sealed(address: str) -> bool:
    """Tell whether an address is in its sealed form."""
    return address.endswith(SEAL)


def key_of(sealed: str) -> str:
    """Give the claim key in a sealed address."""
    return sealed.removesuffix(SEAL)


def stash(request: HttpRequest, *, sealed: str, plain: str) -> None:
    """Remember in the session what was typed, for addresses without an account to read it from."""
    earlier = {key: value for key, value in request.session.get(STASH, {}).items() if key != sealed}
    kept = list(earlier.items())[1 - MOST_STASHED :]
    request.session[STASH] = dict([*kept, (sealed, plain)])


def stashed(request: HttpRequest | None, *, sealed: str) -> str | None:
    """Give what was typed in this session for a sealed address."""
    return None if request is None else request.session.get(STASH, {}).get(sealed)


def unstash(request: HttpRequest) -> None:
    """Forget what was typed: whoever is signed in has an entry in the vault."""
    request.session.pop(STASH, None)


def plain_of_account(*, sealed: str, account_id: UUID) -> str | None:
    """Give the plain form of a sealed address as the account that has it wrote it."""
    person = vault.read([account_id]).get(account_id)
    return person.address if person and seal_anything(person.address) == sealed else None


def watch_saves() -> None:
    """Make every save of a verified address claim it first, in the same transaction (Rule C3).

    It stands at the save, not at a view, so that no door can miss it; a write that goes around `save`
    is refused by a trigger (migration 0002).
    """
    if not getattr(EmailAddress.save, "claims", False):
        EmailAddress.save = _claiming(EmailAddress.save)


def _claiming(save: Any) -> Any:
    def claim_and_save(address: EmailAddress, *args: Any, **kwargs: Any) -> None:
        with nullcontext() if in_transaction() else transaction():
            if address.verified:
                _claim(address)
            save(address, *args, **kwargs)

    claim_and_save.claims = True  # type: ignore[attr-defined]
    return claim_and_save


def _claim(address: EmailAddress) -> None:
    account_id = address.user_id
    # A deletion or the sweep may be erasing this account: wait for it, then find nothing.
    if not Account.objects.select_for_update().filter(pk=account_id).values_list("pk").first():
        raise AccountGone
    plain = plain_of_account(sealed=address.email, account_id=account_id)
    plain = plain or stashed(context.request, sealed=address.email)
    if plain is None:
        raise AddressUnknown
    claim(kind=KIND, identifier=plain, account_id=account_id)
