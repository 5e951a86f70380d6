"""Addresses of the way out."""

from django.urls import path

from adieu.console.deletion import farewells, views

urlpatterns = [
    path("account/deletion/", views.blockers, name="deletion_blockers"),
    path("account/deletion/hand-over/", views.hand_over, name="deletion_hand_over"),
    path("account/deletion/feedback/", views.feedback, name="deletion_feedback"),
    path("account/deletion/confirm/", views.confirm, name="deletion_confirm"),
    path("account/deletion/code/", views.code, name="deletion_code"),
    path("account/deletion/cancel/", views.cancel, name="deletion_cancel"),
    path(".well-known/adieu-keys.json", farewells.keys, name="published_keys"),
    path("deletions/<str:token>/", farewells.farewell, name="farewell"),
    path("deletions/<str:token>/receipt.json", farewells.receipt, name="receipt"),
]
