"""`/api/v1/organizations/{id}/activities…`: the activity log, for owners (Rule V3)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router

from adieu.api.v1 import schemas
from adieu.api.v1.paging import Paging
from adieu.api.v1.schemas_activities import ActivitiesOut, ExportIn, FiltersIn
from adieu.kit.downloads import download
from adieu.kit.who import account_id_of
from adieu.tenancy import activity_log
from adieu.tenancy.activity_export import as_json, export

router = Router(tags=["activities"])
REFUSALS = {403: schemas.Problem, 404: schemas.Problem, 422: schemas.Problem}


@router.get("/{organization_id}/activities", response={200: ActivitiesOut, **REFUSALS})
def show(
    request: HttpRequest, organization_id: UUID, filters: Query[FiltersIn], paging: Query[Paging]
) -> dict[str, Any]:
    """List what happened in an organization."""
    page = activity_log.show(
        organization_id=organization_id,
        account_id=account_id_of(request),
        wanted=filters.wanted(),
        paging=paging,
    )
    return {"items": [as_json(entry) for entry in page.items], "next_cursor": page.next_cursor}


@router.get("/{organization_id}/activities/export", response={200: None, **REFUSALS})
def download_log(
    request: HttpRequest, organization_id: UUID, asked: Query[ExportIn]
) -> StreamingHttpResponse:
    """Send all that the filters show, as a file: CSV or JSON Lines, written while it goes out."""
    file = export(
        organization_id=organization_id,
        account_id=account_id_of(request),
        wanted=asked.wanted(),
        form=asked.format,
    )
    return download(request, file.parts, name=file.name, media_type=file.media_type)
