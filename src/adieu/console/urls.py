"""The addresses of the overview, organizations and what is in them, invitations and the appearance.

Other pages have files of their own.
"""

from django.urls import include, path

from adieu.console import appearance

urlpatterns = [
    path("", include("adieu.console.organizations.urls")),
    path("", include("adieu.console.members.urls")),
    path("", include("adieu.console.projects.urls")),
    path("", include("adieu.console.clusters.urls")),
    path("", include("adieu.console.invitations.urls")),
    path("", include("adieu.console.api_keys.urls")),
    path("", include("adieu.console.activities.urls")),
    path("", include("adieu.console.operators.urls")),
    path("appearance/", appearance.choose, name="appearance"),
]
