"""Lists of clusters, which follow what happens to them."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from adieu.clusters import queries as clusters
from adieu.clusters.models import State
from adieu.clusters.queries import ClusterSummary
from adieu.console.returning import safe_next
from adieu.console.within import within_organization
from adieu.kit.who import account_id_of
from adieu.tenancy import permissions, queries
from adieu.tenancy.permissions import Permission
from adieu.tenancy.queries import ProjectSummary


@within_organization
@require_GET
def of_project(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """List the clusters of a project."""
    account_id = account_id_of(request)
    project = queries.project(project_id=project_id, account_id=account_id)
    _, standing = permissions.standing_in_project(project_id=project_id, account_id=account_id)
    found = clusters.clusters_of(project_id=project_id, account_id=account_id)
    can_manage = standing.may(Permission.MANAGE_CLUSTERS)
    return _show(request, project.organization_id, found, project=project, can_manage=can_manage)


@within_organization
@require_GET
def of_organization(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """List the clusters of an organization that the account may see, in whichever project."""
    found = clusters.clusters_within(organization_id=organization_id, account_id=account_id_of(request))
    return _show(request, organization_id, found, project=None, can_manage=False)


def _show(
    request: HttpRequest,
    organization_id: UUID,
    found: list[ClusterSummary],
    *,
    project: ProjectSummary | None,
    can_manage: bool,
) -> HttpResponse:
    organization = queries.organization(organization_id=organization_id, account_id=account_id_of(request))
    came_from = safe_next(request)
    left = [cluster for cluster in found if cluster.state != State.DELETING]
    context = {
        "organization": organization,
        "project": project,
        "clusters": found,
        "is_under_way": any(cluster.is_under_way for cluster in found),
        "can_manage": can_manage,
        "next": came_from,
        # Whoever has others to delete comes back to the list.
        "after_deleting": request.get_full_path() if len(left) > 1 else came_from,
        "place": "projects" if project else "clusters",
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    template = "console/clusters/_list.html" if is_fragment else "console/clusters/list.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request"
    return response
