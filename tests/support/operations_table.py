"""Every operation of tenancy, with the permission it takes and the faces it has (Rule O1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from adieu.api.v1.paging import Paging
from adieu.clusters import data, keyed
from adieu.clusters import operations as orders
from adieu.clusters import queries as clusters
from adieu.clusters.sample import loading, searching
from adieu.clusters.sample.foods import FOODS
from adieu.tenancy import (
    activity_export,
    activity_log,
    api_keys,
    invitations,
    members,
    offers,
    operations,
    projects,
    queries,
    rosters,
)
from adieu.tenancy.activity_log import Wanted
from adieu.tenancy.information import Information
from adieu.tenancy.models import Role
from adieu.tenancy.permissions import (
    Permission,
)
from tests.support.standings import (
    CLUSTER_NAME,
    ORGANIZATION,
    PROJECT,
)

type Sent = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """A page or form, by its name."""

    method: str
    name: str
    values: Sent = field(default_factory=dict)
    # Nearly every form leads on; one shows what is shown once.
    done: int = 302
    # Which of the world's things stand in its address, where the name alone does not tell.
    of: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rest:
    """An endpoint, by its path; values with braces are filled with ids."""

    method: str
    path: str
    body: Sent | None = None


@dataclass(frozen=True)
class Operation:
    """Something that can be done, and the permission it takes, from the table of `domain.md`."""

    name: str
    permission: Permission
    functions: tuple[Callable[..., object], ...] = ()
    arguments: Sent = field(default_factory=dict)
    faces: tuple[Page | Rest, ...] = ()
    is_in_project: bool = False
    has_clusters: bool = False
    # What it does is done in the cluster, which is only a row here: whoever is let in hears that it is away.
    is_in_cluster: bool = False


M = Permission
INFORMATION = {"name": "Harbour", "description": "", "website": "", "contact": "", "time_zone": "UTC"}
ORG = "/organizations/{organization_id}"
CLUSTER = "/clusters/{cluster_id}"

OPERATIONS = [
    Operation(
        "see an organization",
        M.SEE_ORGANIZATION,
        (queries.organization, queries.details_of),
        faces=(Page("GET", "organization"), Rest("GET", ORG)),
    ),
    Operation(
        "change an organization",
        M.MANAGE_ORGANIZATION,
        (operations.change_organization,),
        {"information": Information("Harbour")},
        (Page("POST", "organization", INFORMATION), Rest("PATCH", ORG, {"name": "Harbour"})),
    ),
    Operation(
        "delete an organization",
        M.MANAGE_ORGANIZATION,
        (operations.delete_organization,),
        {"typed_name": ORGANIZATION},
        (
            Page("GET", "organization_delete"),
            Page("POST", "organization_delete", {"name": ORGANIZATION}),
            Rest("DELETE", ORG, {"name": ORGANIZATION}),
        ),
    ),
    Operation(
        "leave",
        M.SEE_ORGANIZATION,
        (members.leave_organization,),
        faces=(
            Page("GET", "organization_leave"),
            Page("POST", "organization_leave"),
            Page("POST", "organization_hand_over_and_leave"),
            Rest("POST", f"{ORG}/leave"),
        ),
    ),
    Operation(
        "see members",
        M.SEE_ORGANIZATION,
        (rosters.members_of, rosters.membership_rows),
        faces=(Page("GET", "organization_members"), Rest("GET", f"{ORG}/members")),
    ),
    Operation("see a member", M.SEE_ORGANIZATION, (rosters.member_of,), {"member_id": "{member_id}"}),
    Operation(
        "change a member's role",
        M.MANAGE_MEMBERS,
        (members.change_role,),
        {"member_id": "{member_id}", "role": Role.OWNER},
        (
            Page("POST", "organization_member_role", {"role": "owner"}),
            Rest("PATCH", f"{ORG}/members/{{account_id}}", {"role": "owner"}),
        ),
    ),
    Operation(
        "remove a member",
        M.MANAGE_MEMBERS,
        (members.remove_member,),
        {"member_id": "{member_id}"},
        (
            Page("GET", "organization_member_remove"),
            Page("POST", "organization_member_remove"),
            Rest("DELETE", f"{ORG}/members/{{account_id}}"),
        ),
    ),
    Operation(
        "hand over",
        M.MANAGE_MEMBERS,
        (members.hand_over,),
        {"member_id": "{member_id}"},
        (
            Page("GET", "organization_hand_over", {"member": "{member_id}"}),
            Page("POST", "organization_hand_over", {"member": "{member_id}"}),
            Rest("POST", f"{ORG}/ownership", {"account_id": "{member_id}"}),
        ),
    ),
    Operation(
        "make owners",
        M.MANAGE_MEMBERS,
        (members.make_owners,),
        {"owners": {"{organization_id}": "{member_id}"}},
    ),
    Operation(
        "see projects",
        M.SEE_ORGANIZATION,
        (queries.projects_of, queries.project_rows),
        faces=(Page("GET", "organization_projects"), Rest("GET", f"{ORG}/projects")),
    ),
    Operation(
        "create a project",
        M.MANAGE_PROJECTS,
        (projects.create_project,),
        {"name": "Maps"},
        (
            Page("GET", "project_create"),
            Page("POST", "project_create", {"name": "Maps"}),
            Rest("POST", f"{ORG}/projects", {"name": "Maps"}),
        ),
    ),
    Operation(
        "see a project",
        M.USE_CLUSTERS,
        (queries.project,),
        faces=(Page("GET", "project"), Rest("GET", "/projects/{project_id}")),
        is_in_project=True,
    ),
    Operation(
        "see a project's members",
        M.USE_CLUSTERS,
        (rosters.project_members_of, rosters.project_membership_rows),
        faces=(Rest("GET", "/projects/{project_id}/members"),),
        is_in_project=True,
    ),
    Operation(
        "see a member of a project",
        M.USE_CLUSTERS,
        (rosters.project_member_of,),
        {"member_id": "{member_id}"},
        is_in_project=True,
    ),
    Operation(
        "rename a project",
        M.MANAGE_PROJECTS,
        (projects.rename_project,),
        {"name": "Maps"},
        (
            Page("POST", "project", {"name": "Maps"}),
            Rest("PATCH", "/projects/{project_id}", {"name": "Maps"}),
        ),
        is_in_project=True,
    ),
    Operation(
        "delete a project",
        M.MANAGE_PROJECTS,
        (projects.delete_project,),
        {"typed_name": PROJECT},
        (
            Page("GET", "project_delete"),
            Page("POST", "project_delete", {"name": PROJECT}),
            Rest("DELETE", "/projects/{project_id}", {"name": PROJECT}),
        ),
        is_in_project=True,
    ),
    Operation(
        "add a member to a project",
        M.MANAGE_PROJECT_MEMBERS,
        (projects.add_member,),
        {"member_id": "{newcomer}", "role": Role.MEMBER},
        (
            Page("POST", "project_member_add", {"member": "{newcomer}", "role": "member"}),
            Rest("POST", "/projects/{project_id}/members", {"account_id": "{newcomer}", "role": "member"}),
        ),
        is_in_project=True,
    ),
    Operation(
        "change a role in a project",
        M.MANAGE_PROJECT_MEMBERS,
        (projects.change_member_role,),
        {"member_id": "{member_id}", "role": Role.OWNER},
        (
            Page("POST", "project_member_role", {"role": "owner"}),
            Rest("PATCH", "/projects/{project_id}/members/{account_id}", {"role": "owner"}),
        ),
        is_in_project=True,
    ),
    Operation(
        "remove a member from a project",
        M.MANAGE_PROJECT_MEMBERS,
        (projects.remove_member,),
        {"member_id": "{member_id}"},
        (
            Page("POST", "project_member_remove"),
            Rest("DELETE", "/projects/{project_id}/members/{account_id}"),
        ),
        is_in_project=True,
    ),
    Operation(
        "see clusters",
        M.USE_CLUSTERS,
        (clusters.cluster_rows, clusters.clusters_of),
        faces=(Page("GET", "project_clusters"), Rest("GET", "/projects/{project_id}/clusters")),
        is_in_project=True,
        has_clusters=True,
    ),
    Operation(
        "see the clusters of an organization",
        M.SEE_ORGANIZATION,
        (clusters.clusters_within, clusters.cluster_rows_within, clusters.counts_within),
        faces=(Page("GET", "organization_clusters"), Rest("GET", f"{ORG}/clusters")),
        has_clusters=True,
    ),
    Operation(
        "see a cluster",
        M.USE_CLUSTERS,
        (clusters.cluster, clusters.may_manage),
        {"cluster_id": "{cluster_id}"},
        (Page("GET", "cluster"), Rest("GET", CLUSTER)),
        is_in_project=True,
        has_clusters=True,
    ),
    Operation(
        "see what is in a cluster",
        M.USE_CLUSTERS,
        (data.contents,),
        {"cluster_id": "{cluster_id}"},
        (Rest("GET", f"{CLUSTER}/collections"),),
        is_in_project=True,
        has_clusters=True,
        is_in_cluster=True,
    ),
    Operation(
        "load the sample into a cluster",
        M.USE_CLUSTERS,
        (loading.load,),
        {"cluster_id": "{cluster_id}"},
        (Page("POST", "cluster_sample_load"), Rest("PUT", f"{CLUSTER}/sample")),
        is_in_project=True,
        has_clusters=True,
        is_in_cluster=True,
    ),
    Operation(
        "remove the sample from a cluster",
        M.USE_CLUSTERS,
        (loading.remove,),
        {"cluster_id": "{cluster_id}"},
        (Page("POST", "cluster_sample_remove"), Rest("DELETE", f"{CLUSTER}/sample")),
        is_in_project=True,
        has_clusters=True,
        is_in_cluster=True,
    ),
    Operation(
        "search the sample",
        M.USE_CLUSTERS,
        (searching.search,),
        {"cluster_id": "{cluster_id}", "like": FOODS[0], "kind": ""},
        is_in_project=True,
        has_clusters=True,
        is_in_cluster=True,
    ),
    Operation(
        "make a key for a cluster",
        M.USE_CLUSTERS,
        faces=(Page("POST", "cluster_api_key", {"name": "laptop", "ends": "30"}, done=200),),
        is_in_project=True,
        has_clusters=True,
    ),
    Operation(
        "create a cluster",
        M.MANAGE_CLUSTERS,
        (orders.create, keyed.create),
        {"name": "Bees", "expires_at": None},
        (
            Page("GET", "cluster_create"),
            Page("POST", "cluster_create", {"name": "Bees"}),
            Rest("POST", "/projects/{project_id}/clusters", {"name": "Bees"}),
        ),
        is_in_project=True,
        has_clusters=True,
    ),
    Operation(
        "suspend a cluster",
        M.MANAGE_CLUSTERS,
        (orders.suspend,),
        {"cluster_id": "{cluster_id}"},
        (Page("POST", "cluster_suspend"), Rest("POST", f"{CLUSTER}/suspend")),
        is_in_project=True,
        has_clusters=True,
    ),
    Operation(
        "resume a cluster",
        M.MANAGE_CLUSTERS,
        (orders.resume,),
        {"cluster_id": "{suspended_id}"},
        (
            Page("POST", "cluster_resume", of={"cluster_id": "suspended_id"}),
            Rest("POST", "/clusters/{suspended_id}/resume"),
        ),
        is_in_project=True,
        has_clusters=True,
    ),
    # Zilliz Cloud's clients have it; it changes nothing.
    Operation("modify a cluster", M.MANAGE_CLUSTERS, is_in_project=True, has_clusters=True),
    Operation(
        "delete a cluster",
        M.MANAGE_CLUSTERS,
        (orders.delete, keyed.delete),
        {"cluster_id": "{cluster_id}", "typed_name": CLUSTER_NAME},
        (
            Page("GET", "cluster_delete"),
            Page("POST", "cluster_delete", {"name": CLUSTER_NAME}),
            Rest("DELETE", CLUSTER, {"name": CLUSTER_NAME}),
        ),
        is_in_project=True,
        has_clusters=True,
    ),
    Operation(
        "see activities",
        M.MANAGE_ORGANIZATION,
        (activity_log.show,),
        {"wanted": Wanted(), "paging": Paging()},
        (Page("GET", "organization_activities"), Rest("GET", f"{ORG}/activities")),
    ),
    Operation("see who acted", M.MANAGE_ORGANIZATION, (activity_log.actors,), {"chosen_id": None}),
    Operation("see the time zone of the log", M.MANAGE_ORGANIZATION, (activity_log.time_zone_of,)),
    Operation("go through activities", M.MANAGE_ORGANIZATION, (activity_log.walk,), {"wanted": Wanted()}),
    Operation(
        "export activities",
        M.MANAGE_ORGANIZATION,
        (activity_export.export,),
        {"wanted": Wanted(), "form": activity_export.Format.CSV},
        (
            Page("GET", "organization_activities_export", {"format": "csv"}),
            Rest("GET", f"{ORG}/activities/export?format=csv"),
        ),
    ),
    Operation(
        "invite a member",
        M.INVITE_MEMBERS,
        (invitations.invite,),
        {"addresses": ["new@example.org"], "role": Role.MEMBER},
        (
            Page("POST", "organization_invitations", {"addresses": "new@example.org", "role": "member"}),
            Rest("POST", f"{ORG}/invitations", {"emails": ["new@example.org"]}),
        ),
    ),
    Operation(
        "invite an owner",
        M.MANAGE_MEMBERS,
        (invitations.invite,),
        {"addresses": ["new@example.org"], "role": Role.OWNER},
        (Rest("POST", f"{ORG}/invitations", {"emails": ["new@example.org"], "role": "owner"}),),
    ),
    Operation(
        "see invitations",
        M.INVITE_MEMBERS,
        (offers.pending_in, offers.projects_to_offer),
        faces=(Page("GET", "organization_invitations"), Rest("GET", f"{ORG}/invitations")),
    ),
    Operation(
        "send somebody's invitation again",
        M.MANAGE_MEMBERS,
        (invitations.resend,),
        {"invitation_id": "{invitation_id}"},
        (
            Page("POST", "organization_invitation_resend"),
            Rest("POST", "/invitations/{invitation_id}/resend"),
        ),
    ),
    Operation(
        "revoke somebody's invitation",
        M.MANAGE_MEMBERS,
        (invitations.revoke,),
        {"invitation_id": "{invitation_id}"},
        (Page("POST", "organization_invitation_revoke"), Rest("DELETE", "/invitations/{invitation_id}")),
    ),
    Operation(
        "see one's keys",
        M.SEE_ORGANIZATION,
        (api_keys.keys_of, api_keys.rows_of),
        faces=(Page("GET", "organization_api_keys"), Rest("GET", f"{ORG}/api-keys")),
    ),
    Operation(
        "make a key",
        M.SEE_ORGANIZATION,
        (api_keys.create,),
        {"name": "laptop", "expires_at": None},
        (
            Page("POST", "organization_api_keys", {"name": "laptop", "ends": "30"}, done=200),
            Rest("POST", f"{ORG}/api-keys", {"name": "laptop"}),
        ),
    ),
]

# What is nobody's to give: why the table does not decide about it, and where that is tested instead.
NOT_BY_PLACE = {
    "organization_create": "whoever is signed in",
    "invitation": "whoever has the link; what it shows is in test_invitations.py",
    "invitation_accept": "whoever is invited: test_invitations.py",
    "invitation_decline": "whoever is invited: test_invitations.py",
    "organization_api_key_reset": "whose key it is",
    "organization_api_key_revoke": "whose key it is",
    "GET /invitations/by-link/{token}": "whoever is invited",
    "POST /invitations/by-link/{token}/accept": "whoever is invited",
    "POST /invitations/by-link/{token}/decline": "whoever is invited",
    "POST /api-keys/{api_key_id}/reset": "whose key it is",
    "DELETE /api-keys/{api_key_id}": "whose key it is",
    "GET /organizations": "one's own list",
    "POST /organizations": "whoever is signed in",
}
FUNCTIONS_NOT_BY_PLACE = {
    operations.welcome,
    operations.create_organization,
    operations.found,
    queries.organization_names_of,
    queries.organization_rows,
    queries.detailed,
    queries.organizations_of,
    rosters.others_in,
    invitations.accept,
    invitations.decline,
    offers.offers_to,
    offers.has_offers,
    offers.offer_behind,
    api_keys.key_of,
    api_keys.reset,
    api_keys.revoke,
    # Within the transaction of those that ask, and that stand above.
    orders.order,
    orders.order_end,
    api_keys.make,
    api_keys.revoke_named,
}
PACKAGES: Sequence[ModuleType] = (
    activity_export,
    activity_log,
    api_keys,
    clusters,
    data,
    loading,
    searching,
    orders,
    keyed,
    invitations,
    members,
    offers,
    operations,
    projects,
    queries,
    rosters,
)
