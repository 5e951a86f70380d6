"""The addresses of the pages for operators."""

from django.urls import path

from adieu.console.operators import views

urlpatterns = [
    path("operators/", views.deletions, name="operators"),
    path("operators/log/", views.log, name="operators_log"),
    path("operators/stuck/<uuid:wanted_id>/retry/", views.retry, name="operators_retry"),
]
