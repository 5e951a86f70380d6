"""What tenancy keeps of a person: memberships in organizations and projects."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adieu.activities.kinds import Kind
from adieu.activities.operations import record_in_each
from adieu.core.keeping import Blocker, Description, Going, Staying, Step, StepSpec, Subject
from adieu.kit import sql
from adieu.tenancy import blockers, ownership
from adieu.tenancy.models import OrganizationMembership, ProjectMembership, Role, Welcome


class TenancyKeeper:
    """Keeps memberships; refuses to leave an organization without an owner (Rules D2, O2)."""

    name = "tenancy"

    def find_blockers(self, *, account_id: UUID) -> Sequence[Blocker]:
        """Name every organization that the account alone owns."""
        return blockers.of_account(account_id=account_id)

    def describe(self, *, account_id: UUID) -> Description:
        """Tell of the memberships that end; what was shared stays with the organizations."""
        organizations = OrganizationMembership.objects.filter(account_id=account_id)
        projects = ProjectMembership.objects.filter(member__account_id=account_id)
        owned = organizations.filter(role=Role.OWNER).values_list("organization_id", "organization__name")
        owned_projects = projects.filter(role=Role.OWNER).values_list("project_id", "project__name")
        return Description(
            goes=(
                Going("membership in an organization", "memberships in organizations", organizations.count()),
                Going("membership in a project", "memberships in projects", projects.count()),
            ),
            stays=(
                Staying(
                    "What you made in shared projects",
                    "It belongs to the organization. It no longer shows your name.",
                    "Until the organization deletes it",
                ),
                Staying(
                    "Entries in the activity log of an organization",
                    "Its owners answer for what happened. They show “Deleted account”.",
                    "As long as the organization keeps its log",
                ),
            ),
            owned=(
                *(Subject("organization", str(id_), name) for id_, name in owned),
                *(Subject("project", str(id_), name) for id_, name in owned_projects),
            ),
        )

    def lock(self, *, account_id: UUID) -> None:
        """Lock the organizations, then the projects, in id order: whoever changes owners waits for us."""
        if not sql.can_lock_rows():
            return
        sql.run(
            "SELECT id FROM tenancy_organization WHERE id IN"
            " (SELECT organization_id FROM tenancy_organizationmembership WHERE account_id = %s)"
            " ORDER BY id FOR UPDATE",
            [account_id],
        )
        sql.run(
            "SELECT id FROM tenancy_project WHERE id IN"
            " (SELECT project_id FROM tenancy_projectmembership WHERE member_id IN"
            " (SELECT id FROM tenancy_organizationmembership WHERE account_id = %s))"
            " ORDER BY id FOR UPDATE",
            [account_id],
        )

    def erase_now(self, *, account_id: UUID, now: datetime) -> None:
        """End every membership and record it in each organization."""
        record_in_each(
            organizations="SELECT organization_id FROM tenancy_organizationmembership WHERE account_id = %s",
            parameters=[account_id],
            kind=Kind.MEMBER_ERASED,
            account_id=account_id,
            now=now,
        )
        ownership.end_all(account_id=account_id)
        sql.run("DELETE FROM tenancy_welcome WHERE account_id = %s", [account_id])

    def steps(self, *, account_id: UUID) -> Sequence[StepSpec]:
        """Nothing is left to do afterwards."""
        del account_id
        return ()

    def run(self, *, step: Step, now: datetime) -> None:
        """No step is declared, so none can come."""
        raise LookupError(step.name)

    def residue(self, *, account_id: UUID) -> Sequence[str]:
        """Name the tables that still know the account."""
        return [
            model._meta.db_table  # noqa: SLF001 - Django's public way to a model's table
            for model in (OrganizationMembership, Welcome)
            if model._default_manager.filter(account_id=account_id).exists()  # noqa: SLF001
        ]
