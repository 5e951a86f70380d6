"""The addresses of the pages for operators."""

from django.urls import path

from adieu.console.operators import accounts, views

urlpatterns = [
    path("operators/", views.deletions, name="operators"),
    path("operators/log/", views.log, name="operators_log"),
    path("operators/stuck/<uuid:wanted_id>/retry/", views.retry, name="operators_retry"),
    path("operators/accounts/", accounts.find, name="operators_accounts"),
    path("operators/accounts/<uuid:account_id>/delete/", accounts.delete, name="operators_delete"),
]
