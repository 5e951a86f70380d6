"""Alice with something in every field that the archive of her data shows."""

from datetime import datetime, timedelta
from uuid import UUID

from adieu.accounts import operators
from adieu.accounts.models import Account
from adieu.accounts.operations import change_profile
from adieu.clusters import operations as clusters
from adieu.deletion.models import DeletionRequest
from adieu.tenancy.models import ApiKey, Organization
from adieu.vault.models import SessionData
from tests.support.departures import prepare_to_leave
from tests.support.people import join
from tests.support.visitors import enter, found, start_project


def fill_everything(now: datetime) -> UUID:
    """Do everything, and leave nothing empty."""
    alice, bob = enter("alice"), join("bob@example.org", now)
    change_profile(account_id=alice.account_id, name="Alice", company="Gardens", country="IS")
    # With invitations sent and received, a wish to leave with a comment, and a mail that waits.
    prepare_to_leave(alice.account_id, alice.address, bob, now, comment="so long")
    DeletionRequest.objects.update(state="ended", ended_at=now)
    office = found(alice, "My office")
    Organization.objects.filter(id=office).update(contact_id=alice.account_id)
    atlas = start_project(office, alice)
    clusters.create(project_id=atlas, account_id=alice.account_id, name="Birds", now=now)
    alice.api("POST", f"/organizations/{office}/api-keys", {"name": "laptop"})
    SessionData.objects.update(user_agent="A browser")
    ApiKey.objects.update(last_used_at=now, expires_at=now + timedelta(days=1))
    operators.add(address=alice.address, now=now)
    Account.objects.filter(id=alice.account_id).update(locked_at=now)
    return alice.account_id
