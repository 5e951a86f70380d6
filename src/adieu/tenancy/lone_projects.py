"""What becomes of projects with clusters whose only listed owner goes without being asked (Rules D12, L2)."""

from datetime import datetime
from uuid import UUID

from adieu.activities.kinds import Kind
from adieu.activities.operations import record
from adieu.kit.transactions import transaction_required
from adieu.tenancy import blockers, ownership
from adieu.tenancy.blockers import LoneProject
from adieu.tenancy.models import OrganizationMembership, Role


@transaction_required
def give_away(*, account_id: UUID, heir_id: UUID | None, now: datetime) -> None:
    """Make somebody owner of each project with clusters that an account alone owns; all of them are locked.

    That is whoever was named, where they belong to the project's organization, else the owner of that
    organization who is there longest. Where there is none, the organization itself waits for one.
    """
    for project in blockers.projects_owned_alone(account_id=account_id):
        heir = _heir_of(project, account_id, heir_id)
        if heir is None:
            continue
        ownership.place_in_project(membership=heir, project_id=project.id, role=Role.OWNER, now=now)
        record(
            organization_id=project.organization_id,
            kind=Kind.PROJECT_MEMBER_ROLE_CHANGED,
            actor_id=None,
            subject_kind="project",
            subject_id=str(project.id),
            subject_name=project.name,
            now=now,
        )


def _heir_of(project: LoneProject, account_id: UUID, heir_id: UUID | None) -> OrganizationMembership | None:
    others = OrganizationMembership.objects.filter(organization_id=project.organization_id)
    others = others.exclude(account_id=account_id)
    named = others.filter(account_id=heir_id).first() if heir_id else None
    return named or others.filter(role=Role.OWNER).order_by("joined_at", "id").first()
