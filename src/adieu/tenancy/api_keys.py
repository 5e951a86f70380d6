"""Credentials of one account in one organization, for the REST API and the clusters (Rule O5).

The key itself is shown once. What is kept is a keyed hash of it: it is random enough that a slow one would
protect nothing more. The row hangs on the membership, so the key goes with it, in the same statement.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, OperationalError
from django.db.models import Q, QuerySet

from adieu.activities.kinds import Kind
from adieu.activities.operations import record
from adieu.core.keys import derive_key
from adieu.core.names import clean_name
from adieu.kit.errors import Fact
from adieu.kit.transactions import savepoint, transaction, transaction_required
from adieu.tenancy import ownership
from adieu.tenancy.models import ApiKey
from adieu.tenancy.permissions import OrganizationNotFound, Permission, standing_in

PREFIX = "adieu_"
SECRET_BYTES = 32
# Base64 without padding: 43 characters for 32 bytes.
LENGTH = len(PREFIX) + 43
HINT_LENGTH = 4
MOST_KEYS = 50
SEEN_EVERY = timedelta(minutes=1)


class ApiKeyNotFound(Fact):
    """There is no such API key."""


class ApiKeyNameTaken(Fact):
    """You have an API key of that name in this organization already."""


class TooManyApiKeys(Fact):
    """You have 50 API keys in this organization. Revoke one first."""


LONGEST_LIFE = timedelta(days=3660)


class ExpiryNotAllowed(Fact):
    """An API key runs out in the future, within ten years."""


class ApiKeyExpired(Fact):
    """This API key has run out. Create a new one."""


@dataclass(frozen=True)
class KnownKey:
    """An API key as its owner sees it, without its secret."""

    id: UUID
    organization_id: UUID
    name: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True)
class NewKey:
    """An API key in the only moment in which its secret is known."""

    id: UUID
    secret: str


@dataclass(frozen=True)
class KeyHolder:
    """Who calls with which key, and where it works."""

    account_id: UUID
    organization_id: UUID
    key_id: UUID


@transaction
def create(
    *, account_id: UUID, organization_id: UUID, name: str, expires_at: datetime | None, now: datetime
) -> NewKey:
    """Make an API key of an account in an organization.

    Raises:
        OrganizationNotFound, NotAllowed: the account does not belong to it.
        NameNotAllowed, ApiKeyNameTaken, ExpiryNotAllowed, TooManyApiKeys: no key is made.
    """
    return make(
        account_id=account_id, organization_id=organization_id, name=name, expires_at=expires_at, now=now
    )


@transaction_required
def make(
    *, account_id: UUID, organization_id: UUID, name: str, expires_at: datetime | None, now: datetime
) -> NewKey:
    """Make an API key within the caller's transaction; see `create`."""
    # A date near the end of what a database can write would be stored, and never be read again.
    if expires_at is not None and not now < expires_at <= now + LONGEST_LIFE:
        raise ExpiryNotAllowed
    cleaned = clean_name(name)
    ownership.lock_for(
        permission=Permission.SEE_ORGANIZATION, organization_id=organization_id, account_id=account_id
    )
    member = standing_in(organization_id=organization_id, account_id=account_id).membership
    if ApiKey.objects.filter(member=member).count() >= MOST_KEYS:
        raise TooManyApiKeys
    secret = _new_secret()
    key = ApiKey(
        member=member,
        name=cleaned,
        digest=_digest(secret),
        hint=secret[-HINT_LENGTH:],
        created_at=now,
        expires_at=expires_at,
    )
    _save_named(key)
    _record(Kind.API_KEY_CREATED, key, now)
    return NewKey(key.id, secret)


def rows_of(*, account_id: UUID, organization_id: UUID) -> QuerySet[ApiKey]:
    """Give an account's own API keys in an organization as rows to page through; see `described`.

    Raises:
        OrganizationNotFound: the account does not belong to it.
    """
    standing = standing_in(organization_id=organization_id, account_id=account_id)
    return ApiKey.objects.filter(member=standing.membership).select_related("member")


def described(rows: Iterable[ApiKey]) -> list[KnownKey]:
    """Tell what may be known of keys."""
    return [_known(row) for row in rows]


def keys_of(*, account_id: UUID, organization_id: UUID) -> list[KnownKey]:
    """List an account's own API keys in an organization, by name.

    Raises:
        OrganizationNotFound: the account does not belong to it.
    """
    rows = rows_of(account_id=account_id, organization_id=organization_id)
    return described(rows.order_by("name", "id"))


def key_of(*, api_key_id: UUID, account_id: UUID) -> KnownKey:
    """Show one of an account's own API keys.

    Raises:
        ApiKeyNotFound: there is none, or it is somebody else's: both read the same.
    """
    return _known(_own(api_key_id, account_id))


@transaction
def reset(*, api_key_id: UUID, account_id: UUID, now: datetime) -> NewKey:
    """Give a key a new secret; the old one is void from then on.

    Raises:
        ApiKeyNotFound: there is none, or it is somebody else's.
        ApiKeyExpired: it ran out, so a new secret would be void as well.
    """
    key = _own(api_key_id, account_id)
    if key.expires_at is not None and key.expires_at <= now:
        raise ApiKeyExpired
    secret = _new_secret()
    # Not `save`: a key that goes at the same time stays gone.
    is_reset = ApiKey.objects.filter(id=key.id).update(
        digest=_digest(secret), hint=secret[-HINT_LENGTH:], last_used_at=None
    )
    if not is_reset:
        raise ApiKeyNotFound
    _record(Kind.API_KEY_RESET, key, now)
    return NewKey(key.id, secret)


@transaction
def revoke(*, api_key_id: UUID, account_id: UUID, now: datetime) -> None:
    """End a key.

    Raises:
        ApiKeyNotFound: there is none, or it is somebody else's.
    """
    _end(_own(api_key_id, account_id), now)


@transaction_required
def revoke_named(*, account_id: UUID, organization_id: UUID, name: str, now: datetime) -> None:
    """End an account's own key of that name within the caller's transaction, if there is one."""
    rows = rows_of(account_id=account_id, organization_id=organization_id)
    key = rows.filter(name=name).first()
    if key is not None:
        _end(key, now)


def authenticate(*, secret: str, now: datetime) -> KeyHolder | None:
    """Tell whose key this is, or nothing when it is none, was revoked or has run out (Rule D7)."""
    row = _live(secret, now).select_related("member").first()
    if row is None:
        return None
    _note_use(row, now)
    return KeyHolder(row.member.account_id, row.member.organization_id, row.id)


def is_live(*, secret: str, now: datetime) -> bool:
    """Tell whether a key still is one (Rule D7)."""
    return _live(secret, now).exists()


def _live(secret: str, now: datetime) -> QuerySet[ApiKey]:
    if len(secret) != LENGTH or not secret.startswith(PREFIX) or not secret.isascii():
        return ApiKey.objects.none()
    has_time_left = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    # Of a locked account neither session nor key works (Rule L1).
    return ApiKey.objects.filter(
        has_time_left, digest=_digest(secret), member__account__locked_at__isnull=True
    )


def _note_use(key: ApiKey, now: datetime) -> None:
    # Once a minute at most, of calls side by side by one, and by none while somebody else writes for long.
    if key.last_used_at is None or key.last_used_at <= now - SEEN_EVERY:
        with suppress(OperationalError):
            ApiKey.objects.filter(id=key.id, last_used_at=key.last_used_at).update(last_used_at=now)


def _own(api_key_id: UUID, account_id: UUID) -> ApiKey:
    key = ApiKey.objects.filter(id=api_key_id, member__account_id=account_id).select_related("member").first()
    if key is None:
        raise ApiKeyNotFound
    try:
        standing_in(organization_id=key.member.organization_id, account_id=account_id)
    except OrganizationNotFound as out_of_reach:
        raise ApiKeyNotFound from out_of_reach
    return key


def _end(key: ApiKey, now: datetime) -> None:
    ApiKey.objects.filter(id=key.id).delete()
    _record(Kind.API_KEY_REVOKED, key, now)


def _save_named(key: ApiKey) -> None:
    try:
        # The savepoint keeps the transaction usable; the unique index decides between two at once.
        with savepoint():
            key.save(force_insert=True)
    except IntegrityError as error:
        if "api_key_name_unique" in str(error) or "tenancy_apikey.name" in str(error):
            raise ApiKeyNameTaken from error
        raise


def _known(row: ApiKey) -> KnownKey:
    return KnownKey(
        id=row.id,
        organization_id=row.member.organization_id,
        name=row.name,
        hint=row.hint,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
    )


def _new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def _digest(secret: str) -> str:
    key = derive_key(settings.ROOT_KEY, "api-keys")
    return hmac.digest(key, secret.encode(), hashlib.sha256).hex()


def _record(kind: Kind, key: ApiKey, now: datetime) -> None:
    # Its name is what a person wrote, so the log does not have it (Rule V1).
    record(
        organization_id=key.member.organization_id,
        kind=kind,
        actor_id=key.member.account_id,
        subject_kind="api_key",
        subject_id=str(key.id),
        subject_name="",
        now=now,
    )
