"""What becomes of organizations whose only owner an operator deletes, as the operator decided (Rule D12)."""

from datetime import datetime
from uuid import UUID

from adieu.activities.kinds import Kind, OperatorKind, OperatorReason
from adieu.activities.operations import record
from adieu.activities.operator_log import record_act
from adieu.core.keeping import Override
from adieu.kit.crashing import crash_point
from adieu.kit.transactions import transaction_required
from adieu.tenancy import blockers, lone_projects, notices, ownership
from adieu.tenancy.models import Organization, OrganizationMembership, Role
from adieu.tenancy.operations import dissolve


@transaction_required
def settle_owned_alone(*, account_id: UUID, override: Override, now: datetime) -> None:
    """Hand over, or delete, every organization that an account alone owns; all of them are locked.

    An organization that is deleted lets go of its clusters; projects with clusters elsewhere are given away.

    Raises:
        AccountNotFound: who should take over is gone.
        TooManyMembers: an organization has no room for them.
    """
    alone = Organization.objects.filter(id__in=blockers.owned_alone(account_id=account_id)).order_by("id")
    for organization in alone:
        if override.heir_id is None:
            dissolve(organization, actor_id=None, untold_id=account_id, now=now)
            _record(OperatorKind.ORGANIZATION_DELETED, organization, override, now)
        else:
            _hand_over(organization, override.heir_id, now=now)
            _record(OperatorKind.ORGANIZATION_HANDED_OVER, organization, override, now)
        crash_point("tenancy.overridden")
    lone_projects.give_away(account_id=account_id, heir_id=override.heir_id, now=now)


def _hand_over(organization: Organization, heir_id: UUID, *, now: datetime) -> None:
    """Make somebody owner, who may be a member or a stranger so far."""
    members = OrganizationMembership.objects.filter(organization=organization, account_id=heir_id)
    if members.exists():
        ownership.change_role(organization_id=organization.id, account_id=heir_id, role=Role.OWNER, now=now)
    else:
        ownership.admit(organization_id=organization.id, account_id=heir_id, role=Role.OWNER, now=now)
    record(
        organization_id=organization.id,
        kind=Kind.OWNERSHIP_HANDED_OVER,
        actor_id=None,
        subject_kind="account",
        subject_id=str(heir_id),
        subject_name="",
        now=now,
    )
    notices.owe_handed_over(account_id=heir_id, name=organization.name, now=now)


def _record(kind: OperatorKind, organization: Organization, override: Override, now: datetime) -> None:
    record_act(
        kind=kind,
        reason=OperatorReason(override.reason),
        subject_id=str(organization.id),
        actor_id=override.actor_id,
        now=now,
    )
