"""The addresses of the console's own pages; those of accounts, the mailbox and leaving have files of their own."""

from django.urls import include, path

from adieu.console import appearance

urlpatterns = [
    path("", include("adieu.console.organizations.urls")),
    path("appearance/", appearance.choose, name="appearance"),
]
