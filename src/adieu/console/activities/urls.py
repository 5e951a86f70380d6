"""The addresses of the activity log."""

from django.urls import path

from adieu.console.activities import views

urlpatterns = [
    path("organizations/<uuid:organization_id>/activities/", views.show, name="organization_activities"),
    path(
        "organizations/<uuid:organization_id>/activities/export/",
        views.download_log,
        name="organization_activities_export",
    ),
]
