from django.apps import AppConfig


class ClustersConfig(AppConfig):
    name = "adieu.clusters"
    label = "clusters"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell tenancy which projects have clusters, and who lets go of them."""
        from adieu.clusters.models import PROJECTS_WITH_CLUSTERS  # noqa: PLC0415 - after the models
        from adieu.clusters.operations import let_go  # noqa: PLC0415
        from adieu.tenancy import occupancy  # noqa: PLC0415

        occupancy.register(occupancy.Occupant(PROJECTS_WITH_CLUSTERS, let_go))
