"""The addresses of the overview, organizations and the appearance; other pages have files of their own."""

from django.urls import include, path

from adieu.console import appearance

urlpatterns = [
    path("", include("adieu.console.organizations.urls")),
    path("appearance/", appearance.choose, name="appearance"),
]
