"""The addresses of the overview and of organizations."""

from django.urls import path

from adieu.console.organizations import views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("organizations/create/", views.create, name="organization_create"),
    path("organizations/<uuid:organization_id>/", views.detail, name="organization"),
    path("organizations/<uuid:organization_id>/delete/", views.delete, name="organization_delete"),
]
