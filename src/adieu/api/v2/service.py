"""The API put together."""

from ninja import NinjaAPI

from adieu.api.v1.authentication import Key
from adieu.api.v2 import clouds, clusters, elsewhere, projects
from adieu.api.v2.refusals import translate_refusals

# A session counts for nothing here, so no page of another site can call it in somebody's name.
api = NinjaAPI(
    title="The part of Zilliz Cloud's control plane that fits",
    version="2",
    urls_namespace="api-v2",
    docs_url=None,
    openapi_url=None,
    auth=Key(),
)
api.add_router("", clouds.router)
api.add_router("", projects.router)
api.add_router("", clusters.router)
# Last: it takes whatever is left.
api.add_router("", elsewhere.router)
translate_refusals(api)
