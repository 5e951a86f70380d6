"""The API put together."""

from ninja import NinjaAPI
from ninja.security import SessionAuth

from adieu.api.v1 import account, activities, deletion, members, organizations, projects
from adieu.api.v1.refusals import translate_refusals

# The session cookie with CSRF, and nothing else: an account is never deleted with an API key alone.
api = NinjaAPI(
    title="Adieu",
    version="1",
    urls_namespace="api-v1",
    docs_url=None,
    openapi_url="/openapi.json",
    auth=SessionAuth(csrf=True),
)
api.add_router("/account", account.router)
api.add_router("/account/deletion", deletion.router)
api.add_router("", deletion.public_router)
api.add_router("/organizations", organizations.router)
api.add_router("/organizations", members.router)
api.add_router("/organizations", projects.organization_router)
api.add_router("/organizations", activities.router)
api.add_router("/projects", projects.router)
translate_refusals(api)
