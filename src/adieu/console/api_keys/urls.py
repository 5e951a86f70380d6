"""The addresses of one's own API keys in an organization."""

from django.urls import include, path

from adieu.console.api_keys import views

urlpatterns = [
    path(
        "organizations/<uuid:organization_id>/api-keys/",
        include(
            [
                path("", views.api_keys, name="organization_api_keys"),
                path("<uuid:api_key_id>/reset/", views.reset, name="organization_api_key_reset"),
                path("<uuid:api_key_id>/revoke/", views.revoke, name="organization_api_key_revoke"),
            ]
        ),
    ),
]
