"""The API put together."""

from adieu.api.v1 import (
    account,
    activities,
    api_keys,
    archives,
    clusters,
    clusters_data,
    deletion,
    invitations,
    members,
    organizations,
    projects,
)
from adieu.api.v1.authentication import session_only, session_or_key
from adieu.api.v1.describing import DescribedAPI
from adieu.api.v1.refusals import translate_refusals

api = DescribedAPI(
    title="Adieu",
    version="1",
    urls_namespace="api-v1",
    docs_url=None,
    openapi_url="/openapi.json",
    auth=session_or_key,
)
api.add_router("/account", account.router)
# An account is never deleted with an API key alone.
api.add_router("/account/deletion", deletion.router, auth=session_only)
# Nor does a key, which works in one organization, get all that is kept of its owner.
api.add_router("/account/export", archives.router, auth=session_only)
api.add_router("", deletion.public_router)
api.add_router("/organizations", organizations.router)
api.add_router("/organizations", members.router)
api.add_router("/organizations", projects.organization_router)
api.add_router("/organizations", activities.router)
api.add_router("/organizations", invitations.organization_router)
api.add_router("/organizations", api_keys.organization_router)
api.add_router("/projects", projects.router)
api.add_router("/organizations", clusters.organization_router)
api.add_router("/projects", clusters.project_router)
api.add_router("/clusters", clusters.router)
api.add_router("/clusters", clusters_data.router)
api.add_router("/invitations", invitations.router)
api.add_router("/api-keys", api_keys.router)
translate_refusals(api)
