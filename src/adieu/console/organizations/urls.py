"""The addresses of the overview and of organizations."""

from django.urls import path

from adieu.console.organizations import leaving, views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("organizations/create/", views.create, name="organization_create"),
    path("organizations/<uuid:organization_id>/", views.settings, name="organization"),
    path("organizations/<uuid:organization_id>/delete/", views.delete, name="organization_delete"),
    path("organizations/<uuid:organization_id>/leave/", leaving.leave, name="organization_leave"),
    path(
        "organizations/<uuid:organization_id>/leave/hand-over/",
        leaving.hand_over_and_leave,
        name="organization_hand_over_and_leave",
    ),
]
