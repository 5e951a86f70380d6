"""What tenancy keeps of a person: memberships in organizations and projects, API keys and invitations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adieu.activities.kinds import Kind
from adieu.activities.operations import record_in_each
from adieu.core.archiving import Table
from adieu.core.keeping import Blocker, Description, Going, Override, Staying, Step, StepSpec, Subject
from adieu.kit import sql
from adieu.kit.crashing import crash_point
from adieu.tenancy import blockers, endings, overriding, ownership, replaying
from adieu.tenancy.exporting import tables
from adieu.tenancy.models import (
    ApiKey,
    Organization,
    OrganizationMembership,
    ProjectMembership,
    Role,
    Welcome,
)
from adieu.tenancy.notices import owe_invitations_ended
from adieu.vault.emptying import leave_no_byte

TELL_OWNERS = "tell_owners"
OWNERS_ARE_TOLD = "Owners of organizations that you invited people to, by mail: how many of these ended."
ERASE_INVITED = "erase_invited_addresses"

SHARED_THINGS = Staying(
    "What you made in shared projects, also what you wrote into their clusters",
    "It belongs to the organization. It no longer shows your name.",
    "Until the organization deletes it",
)
LOG_ENTRIES = Staying(
    "Entries in the activity logs of organizations",
    "Their owners answer for what happened. They show “Deleted account”.",
    "As long as this installation runs",
)

OWNED = """
    SELECT 'organization', organization.id, organization.name FROM tenancy_organizationmembership membership
    JOIN tenancy_organization organization ON organization.id = membership.organization_id
    WHERE membership.account_id = %s AND membership.role = 'owner'
    UNION ALL
    SELECT 'project', project.id, project.name FROM tenancy_organizationmembership membership
    JOIN tenancy_projectmembership place ON place.member_id = membership.id
    JOIN tenancy_project project ON project.id = place.project_id
    WHERE membership.account_id = %s AND place.role = 'owner'
"""


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
        sent, _ = endings.count_about(account_id=account_id)
        return Description(
            goes=(
                Going("membership in an organization", "memberships in organizations", organizations.count()),
                Going("membership in a project", "memberships in projects", projects.count()),
                Going("API key", "API keys", ApiKey.objects.filter(member__account_id=account_id).count()),
                Going("invitation you sent", "invitations you sent", sum(sent.values())),
            ),
            stays=(SHARED_THINGS, LOG_ENTRIES) if organizations.exists() else (LOG_ENTRIES,),
            told=(OWNERS_ARE_TOLD,) if sent else (),
        )

    def export(self, *, account_id: UUID) -> Sequence[Table]:
        """Give places, keys, invitations and activities."""
        return tables(account_id=account_id)

    def settle_blockers(self, *, account_id: UUID, override: Override | None, now: datetime) -> None:
        """Do with what the account owns alone as was decided (Rules D12, L2)."""
        if override:
            overriding.settle_owned_alone(account_id=account_id, override=override, now=now)
        else:
            replaying.settle_owned_alone(account_id=account_id, now=now)

    def set_locked(self, *, account_id: UUID, locked_at: datetime | None) -> None:
        """Nothing here lets anybody in: API keys ask whether their account is locked."""

    def owned(self, *, account_id: UUID) -> Sequence[Subject]:
        """Name the organizations and projects that the account owns, alone or with others."""
        rows = sql.rows(OWNED, [account_id, account_id])
        return [Subject(kind, str(sql.as_id(id_)), name) for kind, id_, name in rows]

    def lock(self, *, account_id: UUID) -> None:
        """Lock the organizations, then the projects, in id order: whoever changes owners waits for us."""
        sql.lock(
            "SELECT id FROM tenancy_organization WHERE id IN"
            " (SELECT organization_id FROM tenancy_organizationmembership WHERE account_id = %s)"
            " ORDER BY id FOR UPDATE",
            [account_id],
        )
        sql.lock(
            "SELECT id FROM tenancy_project WHERE id IN"
            " (SELECT project_id FROM tenancy_projectmembership WHERE member_id IN"
            " (SELECT id FROM tenancy_organizationmembership WHERE account_id = %s))"
            " ORDER BY id FOR UPDATE",
            [account_id],
        )

    def erase_now(self, *, account_id: UUID, now: datetime) -> None:
        """End every membership, API key and invitation, and record it in each organization."""
        record_in_each(
            organizations="SELECT organization_id FROM tenancy_organizationmembership WHERE account_id = %s",
            parameters=[account_id],
            kind=Kind.MEMBER_ERASED,
            account_id=account_id,
            now=now,
        )
        crash_point("tenancy.recorded")
        ownership.end_all(account_id=account_id, now=now)

    def steps(self, *, account_id: UUID) -> Sequence[StepSpec]:
        """Declare what is left to do about the invitations that end (Rule D6)."""
        sent, received = endings.count_about(account_id=account_id)
        counts = {str(organization_id): str(count) for organization_id, count in sent.items()}
        steps = []
        if counts:
            steps.append(StepSpec(TELL_OWNERS, "Tell owners how many of your invitations ended", counts))
        if sent or received:
            steps.append(StepSpec(ERASE_INVITED, "Erase the addresses of invitations that ended"))
        return steps

    def run(self, *, step: Step, now: datetime) -> None:
        """Owe each owner one mail, or erase addresses, and make sure that no byte of them is left (Rule P3).

        Raises:
            NotYet: somebody keeps reading the vault.
            LeaseLost: another worker does it.
        """
        if step.name == TELL_OWNERS:
            with step.hold():
                _tell_owners(step, now)
        elif step.name == ERASE_INVITED:
            endings.sweep_addresses(now=now)
            crash_point("tenancy.addresses_erased")
            leave_no_byte()

    def residue(self, *, account_id: UUID) -> Sequence[str]:
        """Name the tables that still know the account."""
        return [
            model._meta.db_table  # noqa: SLF001 - Django's public way to a model's table
            for model in (OrganizationMembership, Welcome)
            if model._default_manager.filter(account_id=account_id).exists()  # noqa: SLF001
        ]


def _tell_owners(step: Step, now: datetime) -> None:
    names = dict(Organization.objects.filter(id__in=list(step.payload)).values_list("id", "name"))
    owners = OrganizationMembership.objects.filter(organization_id__in=names, role=Role.OWNER)
    for organization_id, owner_id in owners.values_list("organization_id", "account_id"):
        owe_invitations_ended(
            account_id=owner_id,
            name=names[organization_id],
            count=int(step.payload[str(organization_id)]),
            # A step that is run again owes nothing a second time (Rule D8).
            once=f"{step.deletion_id} {organization_id} {owner_id}",
            now=now,
        )
        crash_point("tenancy.owner_told")
