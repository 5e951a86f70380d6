"""What clusters keep of a person: that somebody created one.

Whether clusters are in the way of leaving is a question of who owns projects: tenancy answers it (Rule D2).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Case, F, When

from adieu.clusters.models import Cluster, State
from adieu.core.archiving import Cell, Table
from adieu.core.keeping import (
    Blocker,
    Description,
    Going,
    NotYet,
    Override,
    Step,
    StepSpec,
    Subject,
)
from adieu.kit import sql
from adieu.tenancy.models import OrganizationMembership

OWNED = """
    SELECT cluster.id, cluster.name FROM tenancy_organizationmembership membership
    JOIN tenancy_projectmembership place ON place.member_id = membership.id
    JOIN clusters_cluster cluster ON cluster.project_id = place.project_id
    WHERE membership.account_id = %s AND place.role = 'owner' AND cluster.state <> 'deleting'
"""

DESTROY = "destroy"
# What the person ordered the end of, and the runner still destroys.
ENDING = """
    SELECT id FROM clusters_cluster WHERE state = 'deleting' AND (creator_id = %s OR project_id IN (
        SELECT place.project_id FROM tenancy_organizationmembership membership
        JOIN tenancy_projectmembership place ON place.member_id = membership.id
        WHERE membership.account_id = %s AND place.role = 'owner'
    ))
"""


class ClustersKeeper:
    """Keeps who created a cluster; the clusters themselves belong to projects."""

    name = "clusters"

    def find_blockers(self, *, account_id: UUID) -> Sequence[Blocker]:
        """Name nothing: tenancy names the projects whose only owner the account is."""
        return ()

    def describe(self, *, account_id: UUID) -> Description:
        """Tell what is still being destroyed; no other cluster goes, it stays with its project."""
        ending = len(_ending(account_id))
        going = Going("cluster that is being destroyed", "clusters that are being destroyed", ending)
        return Description(goes=(going,) if ending else ())

    def export(self, *, account_id: UUID) -> Sequence[Table]:
        """Give the clusters that the person created."""

        def rows() -> Iterable[Sequence[Cell]]:
            # What an organization calls its projects is not theirs any more once they left it.
            mine = OrganizationMembership.objects.filter(account_id=account_id).values("organization_id")
            project = Case(When(project__organization_id__in=mine, then=F("project__name")))
            created = Cluster.objects.filter(creator_id=account_id).annotate(seen=project)
            rows = created.order_by("created_at", "id").values_list("id", "name", "seen", "created_at")
            return rows.iterator()

        columns = {
            "id": "its id",
            "name": "its name",
            "project": "the project that it belongs to, if you belong to its organization",
            "created_at": "when you created it",
        }
        return (Table("clusters", "The clusters that you created and that are there.", columns, rows),)

    def settle_blockers(self, *, account_id: UUID, override: Override | None, now: datetime) -> None:
        """Nothing here is in the way: whoever destroys an organization lets go of its clusters."""

    def set_locked(self, *, account_id: UUID, locked_at: datetime | None) -> None:
        """Nothing here lets anybody in: the door asks for an API key, and that for its account."""

    def owned(self, *, account_id: UUID) -> Sequence[Subject]:
        """Name the clusters of the projects that the account owns, alone or with others (Rule D4)."""
        rows = sql.rows(OWNED, [account_id])
        return [Subject("cluster", str(sql.as_id(id_)), name) for id_, name in rows]

    def lock(self, *, account_id: UUID) -> None:
        """Nothing to lock: whoever creates a cluster locks its project, which tenancy has locked."""

    def erase_now(self, *, account_id: UUID, now: datetime) -> None:
        """Forget who created which cluster."""
        sql.run("UPDATE clusters_cluster SET creator_id = NULL WHERE creator_id = %s", [account_id])

    def steps(self, *, account_id: UUID) -> Sequence[StepSpec]:
        """Declare that the files of clusters have to go whose end the person ordered (Rule D11)."""
        ending = _ending(account_id)
        files = StepSpec(DESTROY, "Destroy the files of clusters that you deleted", {"ids": ",".join(ending)})
        return (files,) if ending else ()

    def run(self, *, step: Step, now: datetime) -> None:
        """Wait for the runner, which destroys the files and then the row (Rule K2).

        Raises:
            NotYet: files of one are still there.
        """
        if Cluster.objects.filter(id__in=step.payload["ids"].split(","), state=State.DELETING).exists():
            raise NotYet

    def residue(self, *, account_id: UUID) -> Sequence[str]:
        """Name the table, if it still knows the account."""
        return ["clusters_cluster"] if Cluster.objects.filter(creator_id=account_id).exists() else []


def _ending(account_id: UUID) -> list[str]:
    return [str(sql.as_id(id_)) for (id_,) in sql.rows(ENDING, [account_id, account_id])]
