"""The pass that the console comes with: to this cluster, for this account, for seconds (Rules K1, D7)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from adieu.accounts.locking import set_locked
from adieu.accounts.models import TermsAgreement
from adieu.clusters import operations, passes, queries
from adieu.clusters.doors import Caller, DoorShut
from adieu.clusters.sample import loading
from adieu.kit.transactions import transaction
from adieu.tenancy import members, projects
from adieu.tenancy.models import Role
from tests.support import at_hand
from tests.support.at_hand import AtHand, Countable
from tests.support.people import join, leave
from tests.support.rooms import make_organization, make_project, put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

BOB = "bob@example.org"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Countable]:
    opened = Countable(tmp_path_factory.mktemp("cluster") / "data")
    yield opened
    opened.close()


class House:
    """Alice's project with a cluster, in which Bob has a place."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.alice, self.bob = join("alice@example.org", now), join(BOB, now, is_welcomed=False)
        self.office = make_organization(self.alice, now)
        self.atlas = make_project(self.office, self.alice, now)
        put_into(self.office, self.bob, now)
        projects.add_member(
            project_id=self.atlas, account_id=self.alice, member_id=self.bob, role=Role.MEMBER, now=now
        )
        self.cluster_id = operations.create(
            project_id=self.atlas, account_id=self.alice, name="Birds", now=now
        )

    def of_bob(self, *, at: datetime | None = None, cluster_id: UUID | None = None) -> str:
        """Make a pass for Bob."""
        return passes.issue(
            account_id=self.bob, cluster_id=cluster_id or self.cluster_id, now=at or timezone.now()
        )

    def reason(self, token: str, *, at: datetime | None = None) -> str:
        """Tell why a pass opens nothing."""
        with pytest.raises(DoorShut) as shut:
            queries.who_may_use(self.cluster_id, token, now=at or timezone.now())
        return shut.value.reason


@pytest.fixture
def house() -> House:
    return House(timezone.now())


@pytest.fixture
def birds(house: House, database: Countable) -> Iterator[AtHand]:
    """The cluster, answering, with the sample in it."""
    with at_hand.answering(database, house.cluster_id) as answering:
        loading.load(cluster_id=house.cluster_id, account_id=house.alice, now=timezone.now())
        yield answering


def test_it_lasts_for_seconds(house: House) -> None:
    token = house.of_bob(at=house.now)
    almost = house.now + passes.LASTS - timedelta(milliseconds=2)
    assert queries.who_may_use(house.cluster_id, token, now=almost) == Caller(house.bob, None)
    assert house.reason(token, at=house.now + passes.LASTS) == queries.ENDED
    assert timedelta(0) < passes.LASTS <= timedelta(seconds=30)


@transaction
def lock(account_id: UUID) -> None:
    set_locked(account_id=account_id, locked_at=timezone.now())


def test_it_is_worth_what_its_account_may(house: House) -> None:
    token = house.of_bob()
    TermsAgreement.objects.filter(account_id=house.bob).delete()
    assert house.reason(token) == queries.TERMS_CHANGED
    lock(house.bob)
    assert house.reason(token) == queries.NOT_LET_IN


def test_what_opens_nothing_changes_nothing(house: House, birds: AtHand) -> None:
    good = house.of_bob()
    elsewhere = operations.create(project_id=house.atlas, account_id=house.alice, name="Bees", now=house.now)
    stranger = join("charlie@example.org", house.now)
    refused = {
        house.of_bob(cluster_id=elsewhere): queries.ENDED,
        house.of_bob(at=timezone.now() - timedelta(minutes=1)): queries.ENDED,
        good[:-1] + ("A" if good[-1] != "A" else "B"): queries.ENDED,
        good + "A": queries.ENDED,
        passes.issue(
            account_id=stranger, cluster_id=house.cluster_id, now=timezone.now()
        ): queries.NOT_LET_IN,
        passes.issue(account_id=uuid4(), cluster_id=house.cluster_id, now=timezone.now()): queries.NOT_LET_IN,
    }
    assert {token: birds.refusal(token) for token in refused} == refused
    assert birds.rows("sample_foods") == 36
    # With a good one the same call does it.
    assert birds.refusal(good) == ""
    assert birds.names == []


def removed_from_project(house: House) -> None:
    projects.remove_member(
        project_id=house.atlas, account_id=house.alice, member_id=house.bob, now=timezone.now()
    )


def removed_from_organization(house: House) -> None:
    members.remove_member(
        organization_id=house.office, account_id=house.alice, member_id=house.bob, now=timezone.now()
    )


def account_deleted(house: House) -> None:
    leave(house.bob, BOB, timezone.now())


def test_an_open_call_ends_within_a_second_of_the_loss(house: House, birds: AtHand) -> None:
    # Rule D7
    with birds.open_call(house.of_bob()) as ended:
        removed_from_project(house)
        assert ended.wait(1)


@pytest.mark.parametrize("lose", [removed_from_project, removed_from_organization, account_deleted])
def test_it_ends_with_the_right_to_the_cluster(house: House, birds: AtHand, lose: object) -> None:
    # Rule D7
    token = house.of_bob()
    assert callable(lose)
    lose(house)
    assert birds.refusal(token) == queries.NOT_LET_IN
    assert birds.rows("sample_foods") == 36
