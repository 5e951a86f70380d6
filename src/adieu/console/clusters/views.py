"""One cluster: how it is, how to connect, and what can be done with it (Rules K1 to K4)."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from adieu.clusters import operations, queries
from adieu.clusters.queries import ClusterNotFound, ClusterSummary
from adieu.console.api_keys.forms import KeyForm
from adieu.console.clusters.forms import CreateForm, DeleteForm
from adieu.console.clusters.looking import TOKEN_TO_FILL_IN, look
from adieu.console.returning import safe_next
from adieu.console.within import within_organization
from adieu.core.keeping import Going
from adieu.kit.environment import is_loopback_host
from adieu.kit.who import account_id_of
from adieu.tenancy import api_keys, permissions
from adieu.tenancy import queries as tenancy
from adieu.tenancy.permissions import Permission

# htmx stops asking at this status: https://htmx.org/attributes/hx-trigger/
STOP_POLLING = 286
SNIPPET = """\
from pymilvus import MilvusClient

client = MilvusClient(uri="{uri}", token="{token}")
if not client.has_collection("first"):
    client.create_collection("first", dimension=4)
client.upsert("first", [{{"id": 1, "vector": [0.1, 0.2, 0.3, 0.4]}}])
print(client.search("first", data=[[0.1, 0.2, 0.3, 0.4]], limit=1))
"""


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, project_id: UUID) -> HttpResponse:
    """Order a cluster, and show how it comes to be."""
    account_id = account_id_of(request)
    permissions.require_in_project(
        permission=Permission.MANAGE_CLUSTERS, project_id=project_id, account_id=account_id
    )
    form = CreateForm(
        engines=queries.engines_offered(), data=request.POST if request.method == "POST" else None
    )
    if form.is_valid():
        try:
            cluster_id = operations.create(
                project_id=project_id,
                account_id=account_id,
                name=form.cleaned_data["name"],
                engine=form.engine,
                now=timezone.now(),
            )
        except operations.ClusterNameTaken as refusal:
            form.add_error("name", str(refusal))
        except (operations.EngineNotOffered, operations.TooManyClusters, operations.NoPortFree) as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("cluster", cluster_id)
    project = tenancy.project(project_id=project_id, account_id=account_id)
    context = {**_around(request, project.organization_id), "project": project, "form": form}
    return render(request, "console/clusters/create.html", context, status=_status(form))


@within_organization
@require_http_methods(["GET", "HEAD"])
def cluster(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Show a cluster; a page that follows it asks for the part that changes."""
    is_fragment = request.headers.get("HX-Request") == "true"
    try:
        found = queries.cluster(cluster_id=cluster_id, account_id=account_id_of(request))
    except ClusterNotFound:
        if not is_fragment:
            raise
        return render(request, "console/clusters/_gone.html", status=STOP_POLLING)
    return _page(request, found, is_fragment=is_fragment)


@within_organization
@require_POST
def make_key(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Make an API key for a cluster, and show it once, put into what is to be pasted."""
    account_id = account_id_of(request)
    found = queries.cluster(cluster_id=cluster_id, account_id=account_id)
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _page(request, found, key_form=form)
    now = timezone.now()
    try:
        made = api_keys.create(
            account_id=account_id,
            organization_id=found.organization_id,
            name=form.cleaned_data["name"],
            expires_at=form.expires_at(now),
            now=now,
        )
    except (api_keys.ApiKeyNameTaken, api_keys.TooManyApiKeys) as refusal:
        form.add_error("name", str(refusal))
        return _page(request, found, key_form=form)
    context = {
        **_around(request, found.organization_id),
        "cluster": found,
        "key": api_keys.key_of(api_key_id=made.id, account_id=account_id),
        "secret": made.secret,
        "snippet": SNIPPET.format(uri=found.address, token=made.secret),
    }
    # No redirect: the secret would have to be kept for the page that it leads to.
    return render(request, "console/clusters/key.html", context)


@within_organization
@require_POST
def suspend(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Stop a cluster; its data stays."""
    return _order(request, cluster_id, operations.suspend)


@within_organization
@require_POST
def resume(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Start a cluster that was suspended or has failed."""
    return _order(request, cluster_id, operations.resume)


def _order(request: HttpRequest, cluster_id: UUID, operation: Any) -> HttpResponse:
    try:
        operation(cluster_id=cluster_id, account_id=account_id_of(request), now=timezone.now())
    except operations.WrongState as refusal:
        messages.error(request, str(refusal))
    return redirect("cluster", cluster_id)


@within_organization
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, cluster_id: UUID) -> HttpResponse:
    """Delete a cluster whose name was typed (Rules K2, K3)."""
    account_id = account_id_of(request)
    found = queries.cluster(cluster_id=cluster_id, account_id=account_id)
    permissions.require_in_project(
        permission=Permission.MANAGE_CLUSTERS, project_id=found.project_id, account_id=account_id
    )
    came_from = safe_next(request)
    form = DeleteForm(name=found.name, data=request.POST if request.method == "POST" else None)
    if form.is_valid() and _is_deleted(request, found, form):
        messages.success(request, f"The cluster “{found.name}” is being deleted.")
        return redirect(came_from or reverse("project_clusters", args=[found.project_id]))
    context = {
        **_around(request, found.organization_id),
        "cluster": found,
        "form": form,
        "goes": [Going("cluster, with all its data", "clusters", 1)],
        "next": came_from,
        "back": came_from or reverse("cluster", args=[found.id]),
    }
    return render(request, "console/clusters/delete.html", context, status=_status(form))


def _is_deleted(request: HttpRequest, found: ClusterSummary, form: DeleteForm) -> bool:
    try:
        operations.delete(
            cluster_id=found.id,
            account_id=account_id_of(request),
            typed_name=form.cleaned_data["name"],
            now=timezone.now(),
        )
    except operations.ClusterNameDoesNotMatch as refusal:
        form.add_error("name", str(refusal))
        return False
    # Somebody else, or one's own other tab, was first: what was asked for is so.
    except ClusterNotFound:
        return True
    return True


def _page(
    request: HttpRequest,
    found: ClusterSummary,
    *,
    key_form: KeyForm | None = None,
    is_fragment: bool = False,
) -> HttpResponse:
    context = {
        **_around(request, found.organization_id),
        "cluster": found,
        "can_manage": queries.may_manage(cluster_id=found.id, account_id=account_id_of(request)),
        "snippet": SNIPPET.format(uri=found.address, token=TOKEN_TO_FILL_IN),
        "form": key_form or KeyForm(initial={"name": found.name}),
        "is_fragment": is_fragment,
        "is_local": is_loopback_host(settings.ADIEU.cluster_bind),
    }
    # A page that follows a cluster on its way gets what is in it once, when it has arrived.
    if not (is_fragment and found.is_under_way):
        context["inside"] = look(request, found)
    template = "console/clusters/_state.html" if is_fragment else "console/clusters/cluster.html"
    response = render(request, template, context, status=_status(key_form) if key_form else HTTPStatus.OK)
    response["Vary"] = "HX-Request"
    return response


def _around(request: HttpRequest, organization_id: UUID) -> dict[str, Any]:
    account_id = account_id_of(request)
    organization = tenancy.organization(organization_id=organization_id, account_id=account_id)
    return {"organization": organization, "place": "clusters"}


def _status(form: CreateForm | DeleteForm | KeyForm) -> HTTPStatus:
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
