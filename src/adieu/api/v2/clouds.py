"""`/v2/clouds` and `/v2/regions`: there is one of each, where this console runs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Router

from adieu.api.v2.envelope import answer
from adieu.api.v2.refusals import CloudNotKnown

CLOUD = "adieu"
REGION = "adieu-self-hosted"

router = Router()


@router.get("/clouds")
def clouds(request: HttpRequest) -> dict[str, Any]:
    """List the clouds."""
    return answer([{"cloudId": CLOUD, "description": "Adieu, self-hosted"}])


@router.get("/regions")
def regions(request: HttpRequest, cloudId: str = CLOUD) -> dict[str, Any]:  # noqa: N803 - as clients call it
    """List the regions of a cloud."""
    if cloudId != CLOUD:
        raise CloudNotKnown
    return answer([{"cloudId": CLOUD, "regionId": REGION, "apiBaseUrl": settings.ADIEU.base_url}])
