"""The addresses of the archive of one's data."""

from django.urls import path

from adieu.archives.operations import FILE_NAME
from adieu.console.archives import views

urlpatterns = [
    path("account/data/", views.show, name="account_data"),
    path("account/data/ask/", views.ask, name="account_data_ask"),
    path(f"account/data/<uuid:archive_id>/{FILE_NAME}", views.fetch, name="account_data_file"),
]
