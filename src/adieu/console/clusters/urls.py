"""The addresses of clusters."""

from django.urls import include, path

from adieu.console.clusters import listing, sample, views

urlpatterns = [
    path(
        "organizations/<uuid:organization_id>/clusters/",
        listing.of_organization,
        name="organization_clusters",
    ),
    path("projects/<uuid:project_id>/clusters/", listing.of_project, name="project_clusters"),
    path("projects/<uuid:project_id>/clusters/create/", views.create, name="cluster_create"),
    path(
        "clusters/<uuid:cluster_id>/",
        include(
            [
                path("", views.cluster, name="cluster"),
                path("api-key/", views.make_key, name="cluster_api_key"),
                path("sample/load/", sample.load, name="cluster_sample_load"),
                path("sample/remove/", sample.remove, name="cluster_sample_remove"),
                path("suspend/", views.suspend, name="cluster_suspend"),
                path("resume/", views.resume, name="cluster_resume"),
                path("delete/", views.delete, name="cluster_delete"),
            ]
        ),
    ),
]
