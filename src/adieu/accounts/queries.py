"""What is known about accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress

from adieu.accounts.models import Account
from adieu.kit import sql
from adieu.kit.errors import Fact
from adieu.vault import queries as vault
from adieu.vault.queries import Person

NOBODY = Person(address="", name="", company="", country="")


class AccountNotFound(Fact):
    """There is no such account."""


@dataclass(frozen=True)
class Profile:
    """An account and what its person said about themselves; empty where the vault has no entry (Rule P4)."""

    account_id: UUID
    address: str
    name: str
    company: str
    country: str
    registered_at: datetime


def people(account_ids: Iterable[UUID]) -> dict[UUID, Person]:
    """Read who many accounts are, of those that still exist.

    After the point of no return the vault holds an address for the last mail; nobody else sees it (Rule D9).
    """
    # The accounts after the vault: who goes meanwhile is not shown.
    found = vault.read(account_ids)
    living = set(Account.objects.filter(pk__in=found).values_list("pk", flat=True))
    return {account_id: person for account_id, person in found.items() if account_id in living}


def profile(*, account_id: UUID) -> Profile:
    """Read an account's profile.

    Raises:
        AccountNotFound: it is gone.
    """
    registered_at = Account.objects.filter(pk=account_id).values_list("registered_at", flat=True).first()
    if registered_at is None:
        raise AccountNotFound
    person = vault.read([account_id]).get(account_id, NOBODY)
    return Profile(
        account_id=account_id,
        address=person.address,
        name=person.name,
        company=person.company,
        country=person.country,
        registered_at=registered_at,
    )


def account_with(*, sealed: str) -> UUID | None:
    """Find the account that verified an address."""
    account = account_row_with(sealed=sealed)
    return account.pk if account else None


def account_row_with(*, sealed: str) -> Account | None:
    """Find the row of the account that verified an address, for allauth."""
    return Account.objects.filter(emailaddress__email=sealed, emailaddress__verified=True).first()


def unverified_with(*, sealed: str) -> list[UUID]:
    """List the accounts that signed up with an address and never entered its code."""
    verified = EmailAddress.objects.filter(verified=True).values("user_id")
    accounts = Account.objects.filter(email=sealed).exclude(pk__in=verified)
    return list(accounts.values_list("pk", flat=True))


def unverified_before(*, moment: datetime, limit: int) -> list[UUID]:
    """List accounts that signed up before a moment and never entered a code, oldest first."""
    verified = EmailAddress.objects.filter(verified=True).values("user_id")
    accounts = Account.objects.filter(registered_at__lte=moment).exclude(pk__in=verified)
    return list(accounts.order_by("registered_at").values_list("pk", flat=True)[:limit])


def unverified_beside_claims(*, limit: int) -> list[UUID]:
    """List accounts without a verified address whose address somebody else has, or had, oldest first."""
    rows = sql.rows(
        "SELECT account.id FROM accounts_account account"
        " JOIN identities_identityclaim claim ON claim.key = substr(account.email, 1, 64)"
        " WHERE NOT EXISTS (SELECT 1 FROM account_emailaddress"
        " WHERE user_id = account.id AND verified) ORDER BY account.registered_at LIMIT %s",
        [limit],
    )
    return [sql.as_id(account_id) for (account_id,) in rows]


def has_accounts() -> bool:
    """Tell whether there is any account."""
    return Account.objects.exists()


def known(account_ids: list[UUID]) -> set[UUID]:
    """Pick the ids that have an account."""
    return set(Account.objects.filter(pk__in=account_ids).values_list("pk", flat=True))
