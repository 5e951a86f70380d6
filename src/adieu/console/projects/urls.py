"""The addresses of projects."""

from django.urls import path

from adieu.console.projects import members, views

urlpatterns = [
    path("organizations/<uuid:organization_id>/projects/", views.projects, name="organization_projects"),
    path("organizations/<uuid:organization_id>/projects/create/", views.create, name="project_create"),
    path("projects/<uuid:project_id>/", views.project, name="project"),
    path("projects/<uuid:project_id>/delete/", views.delete, name="project_delete"),
    path("projects/<uuid:project_id>/members/", members.add, name="project_member_add"),
    path(
        "projects/<uuid:project_id>/members/<uuid:member_id>/role/",
        members.change_role,
        name="project_member_role",
    ),
    path(
        "projects/<uuid:project_id>/members/<uuid:member_id>/remove/",
        members.remove,
        name="project_member_remove",
    ),
]
