"""The addresses of invitations: for those who invite, and for those who are invited."""

from django.urls import include, path

from adieu.console.invitations import inviting, views

urlpatterns = [
    path(
        "organizations/<uuid:organization_id>/invitations/",
        include(
            [
                path("", inviting.invitations, name="organization_invitations"),
                path("<uuid:invitation_id>/resend/", inviting.resend, name="organization_invitation_resend"),
                path("<uuid:invitation_id>/revoke/", inviting.revoke, name="organization_invitation_revoke"),
            ]
        ),
    ),
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    path("invitations/<str:token>/accept/", views.accept, name="invitation_accept"),
    path("invitations/<str:token>/decline/", views.decline, name="invitation_decline"),
]
