"""API keys: credentials of one account in one organization (Rule O5)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from adieu.activities.models import Activity
from adieu.core.names import NameNotAllowed
from adieu.tenancy import api_keys, members
from adieu.tenancy.api_keys import KeyHolder, NewKey, authenticate
from adieu.tenancy.models import ApiKey, Role
from adieu.tenancy.permissions import OrganizationNotFound
from tests.support.crowds import all_at_once
from tests.support.people import join, leave
from tests.support.rooms import make_organization, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE = "alice@example.org"
BOB = "bob@example.org"


@pytest.fixture
def alice(now: datetime) -> UUID:
    return join(ALICE, now, is_welcomed=False)


@pytest.fixture
def bob(now: datetime) -> UUID:
    return join(BOB, now, is_welcomed=False)


@pytest.fixture
def office(alice: UUID, now: datetime) -> UUID:
    return make_organization(alice, now)


def create(
    account_id: UUID, office: UUID, now: datetime, name: str = "CI", expires_at: datetime | None = None
) -> NewKey:
    return api_keys.create(
        account_id=account_id, organization_id=office, name=name, expires_at=expires_at, now=now
    )


def test_a_key_is_known_by_its_hash_only(office: UUID, alice: UUID, now: datetime) -> None:
    made = create(alice, office, now)
    assert made.secret.startswith("adieu_")
    assert len(made.secret) == 6 + 43
    assert made.secret not in str(list(ApiKey.objects.values()) + list(Activity.objects.values()))
    [known] = api_keys.keys_of(account_id=alice, organization_id=office)
    assert (known.name, known.hint, known.last_used_at) == ("CI", made.secret[-4:], None)
    assert authenticate(secret=made.secret, now=now) == KeyHolder(alice, office, made.id)


@pytest.mark.parametrize(
    "secret", ["", "adieu_", "x" * 49, "adieu_" + "A" * 43, "adieu_" + "é" * 43, "adieu_" + "A" * 10_000]
)
def test_what_is_no_key_is_nobodys(office: UUID, alice: UUID, now: datetime, secret: str) -> None:
    create(alice, office, now)
    assert authenticate(secret=secret, now=now) is None


def test_a_key_in_another_case_is_another(office: UUID, alice: UUID, now: datetime) -> None:
    made = create(alice, office, now)
    assert authenticate(secret="adieu_" + made.secret[6:].swapcase(), now=now) is None


def test_its_use_is_noted_once_a_minute(office: UUID, alice: UUID, now: datetime) -> None:
    made = create(alice, office, now)
    for seconds, noted in ((0, 0), (59, 0), (60, 60), (100, 60)):
        authenticate(secret=made.secret, now=now + timedelta(seconds=seconds))
        assert ApiKey.objects.get().last_used_at == now + timedelta(seconds=noted)


def test_a_key_runs_out(office: UUID, alice: UUID, now: datetime) -> None:
    made = create(alice, office, now, expires_at=now + timedelta(days=30))
    assert authenticate(secret=made.secret, now=now + timedelta(days=29, hours=23))
    assert authenticate(secret=made.secret, now=now + timedelta(days=30)) is None
    with pytest.raises(api_keys.ApiKeyExpired):
        api_keys.reset(api_key_id=made.id, account_id=alice, now=now + timedelta(days=30))


def test_a_reset_voids_the_old_secret(office: UUID, alice: UUID, now: datetime) -> None:
    made = create(alice, office, now)
    again = api_keys.reset(api_key_id=made.id, account_id=alice, now=now)
    assert authenticate(secret=made.secret, now=now) is None
    assert authenticate(secret=again.secret, now=now) == KeyHolder(alice, office, made.id)
    assert ApiKey.objects.count() == 1


def test_a_revoked_key_is_gone(office: UUID, alice: UUID, now: datetime) -> None:
    made = create(alice, office, now)
    api_keys.revoke(api_key_id=made.id, account_id=alice, now=now)
    assert authenticate(secret=made.secret, now=now) is None
    kinds = Activity.objects.filter(subject_kind="api_key").values_list("kind", flat=True)
    assert sorted(kinds) == ["api_key.created", "api_key.revoked"]


def test_a_key_of_somebody_else_is_not_found_even_by_an_owner(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    put_into(office, bob, now)
    made = create(bob, office, now)
    for act in (api_keys.revoke, api_keys.reset):
        with pytest.raises(api_keys.ApiKeyNotFound):
            act(api_key_id=made.id, account_id=alice, now=now)
    assert api_keys.keys_of(account_id=alice, organization_id=office) == []
    assert authenticate(secret=made.secret, now=now) == KeyHolder(bob, office, made.id)


def test_a_stranger_gets_no_key(office: UUID, bob: UUID, now: datetime) -> None:
    with pytest.raises(OrganizationNotFound):
        create(bob, office, now)
    assert not ApiKey.objects.exists()


def test_a_key_goes_with_its_place_in_the_organization(
    office: UUID, alice: UUID, bob: UUID, now: datetime
) -> None:
    put_into(office, bob, now)
    made = create(bob, office, now)
    elsewhere = create(bob, make_organization(bob, now, name="Lab"), now)
    members.remove_member(organization_id=office, account_id=alice, member_id=bob, now=now)
    assert authenticate(secret=made.secret, now=now) is None
    assert authenticate(secret=elsewhere.secret, now=now)


def test_a_key_goes_with_its_account(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    put_into(office, bob, now, role=Role.OWNER)
    made = create(bob, office, now)
    leave(bob, BOB, now)
    assert authenticate(secret=made.secret, now=now) is None
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("name", ["", "  ", "a" * 65, "a\x00b", "a\u202eb", "a\u200bb"])
def test_names_that_cannot_be_read_are_refused(office: UUID, alice: UUID, now: datetime, name: str) -> None:
    with pytest.raises(NameNotAllowed):
        create(alice, office, now, name=name)
    assert not ApiKey.objects.exists()


def test_a_name_is_taken_once_for_each_person(office: UUID, alice: UUID, bob: UUID, now: datetime) -> None:
    put_into(office, bob, now)
    create(alice, office, now)
    create(bob, office, now)
    with pytest.raises(api_keys.ApiKeyNameTaken):
        create(alice, office, now, name=" CI ")
    assert ApiKey.objects.count() == 2


def test_two_of_one_name_at_once_are_one(office: UUID, alice: UUID, now: datetime) -> None:
    outcomes = all_at_once(*[lambda: create(alice, office, now)] * 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ApiKeyNameTaken"] * 3 + ["NewKey"]


@pytest.mark.parametrize("moments", [timedelta(0), timedelta(days=-1), timedelta(days=3661)])
def test_a_key_runs_out_in_the_future_and_not_too_far_in_it(
    office: UUID, alice: UUID, now: datetime, moments: timedelta
) -> None:
    with pytest.raises(api_keys.ExpiryNotAllowed):
        create(alice, office, now, expires_at=now + moments)
    assert not ApiKey.objects.exists()


def test_fifty_keys_are_enough(office: UUID, alice: UUID, now: datetime) -> None:
    for number in range(50):
        create(alice, office, now, name=f"Key {number}")
    with pytest.raises(api_keys.TooManyApiKeys):
        create(alice, office, now)
    assert ApiKey.objects.count() == 50
