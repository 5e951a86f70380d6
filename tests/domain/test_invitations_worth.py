"""An offer that its inviter can give no more holds nobody up (Rules O3, A3)."""

from datetime import datetime

import pytest

from adieu.activities.kinds import Kind
from adieu.activities.models import Activity
from adieu.tenancy import members, offers
from adieu.tenancy.invitations import decline, invite
from adieu.tenancy.models import Role
from adieu.tenancy.operations import welcome
from adieu.tenancy.queries import organizations_of
from tests.support.people import join
from tests.support.rooms import put_into

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

ALICE, BOB, CHARLIE = "alice@example.org", "bob@example.org", "charlie@example.org"


def test_who_is_invited_by_a_demoted_owner_still_gets_an_organization(now: datetime) -> None:
    alice, bob = join(ALICE, now), join(BOB, now, is_welcomed=False)
    office = organizations_of(account_id=alice)[0].id
    put_into(office, bob, now, role=Role.OWNER)
    invite(organization_id=office, account_id=alice, addresses=[CHARLIE], role=Role.OWNER, now=now)
    members.change_role(organization_id=office, account_id=bob, member_id=alice, role=Role.MEMBER, now=now)
    charlie = join(CHARLIE, now, is_welcomed=False)
    assert offers.offers_to(account_id=charlie, now=now) == []
    welcome(account_id=charlie, now=now)
    assert [organization.name for organization in organizations_of(account_id=charlie)] == ["My organization"]


def test_who_declines_stays_a_stranger_to_the_log(now: datetime) -> None:
    alice, bob = join(ALICE, now), join(BOB, now, is_welcomed=False)
    office = organizations_of(account_id=alice)[0].id
    sent = invite(organization_id=office, account_id=alice, addresses=[BOB], role=Role.MEMBER, now=now)
    decline(token=offers.token_of(sent[0]), account_id=bob, now=now)
    assert Activity.objects.get(kind=Kind.INVITATION_DECLINED).actor_id is None
    assert not Activity.objects.filter(actor_id=bob).exists()
