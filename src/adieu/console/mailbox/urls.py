"""The addresses of the development mailbox."""

from django.urls import path

from adieu.console.mailbox import views

urlpatterns = [
    path("development/mailbox/", views.messages, name="mailbox"),
    path("development/mailbox/<uuid:message_id>/", views.message, name="mailbox_message"),
    path("development/mailbox/<uuid:message_id>/html/", views.as_html, name="mailbox_html"),
]
