"""An operator deletes Alice, who alone owns an organization, and decides about it; `life.py` loads it."""

from datetime import datetime

from adieu.accounts.models import Account
from adieu.activities.kinds import OperatorReason
from adieu.activities.models import OperatorAct
from adieu.core.keeping import Override
from adieu.deletion.models import Consent, DeletionRequest
from adieu.deletion.on_request import Order, delete_on_request
from adieu.tenancy.models import Organization, OrganizationMembership
from tests.crash.life import ALICE, people
from tests.support.rooms import make_organization, put_into

NAME = "Harbour"
ASKED = OperatorReason.ASKED


def own_alone(moment: datetime) -> None:
    """Let Alice own an organization, with Bob as a member."""
    known = people()
    if not Organization.objects.filter(name=NAME).exists():
        put_into(make_organization(known["alice"], moment, name=NAME), known["bob"], moment)


def hand_over(moment: datetime) -> None:
    """Let an operator delete Alice and hand what is hers alone to Bob."""
    _delete(Override(ASKED, None, people()["bob"]), moment)


def take_away(moment: datetime) -> None:
    """Let an operator delete Alice, and what is hers alone."""
    _delete(Override(ASKED, None), moment)


def _delete(override: Override, moment: datetime) -> None:
    alice = people()["alice"]
    if Account.objects.filter(id=alice).exists():
        delete_on_request(Order(alice, ALICE, ASKED, override=override), now=moment)


def look_at_harbour() -> dict[str, object]:
    """Say whose it is, and what operators did."""
    places = OrganizationMembership.objects.filter(organization__name=NAME)
    names = {account_id: name for name, account_id in people().items()}
    return {
        "places": sorted(
            (names[account_id], role) for account_id, role in places.values_list("account_id", "role")
        ),
        "acts": sorted(OperatorAct.objects.values_list("kind", flat=True)),
        "consents": Consent.objects.count(),
        "by_operator": list(DeletionRequest.objects.values_list("is_by_operator", flat=True)),
    }
