"""The addresses of an organization's members."""

from django.urls import include, path

from adieu.console.members import views

urlpatterns = [
    path(
        "organizations/<uuid:organization_id>/members/",
        include(
            [
                path("", views.members, name="organization_members"),
                path("hand-over/", views.hand_over, name="organization_hand_over"),
                path("<uuid:member_id>/role/", views.change_role, name="organization_member_role"),
                path("<uuid:member_id>/remove/", views.remove, name="organization_member_remove"),
            ]
        ),
    ),
]
