from django.apps import AppConfig


class DeletionConfig(AppConfig):
    name = "adieu.deletion"
    label = "deletion"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register mails and replayers; imported here because models are not ready before."""
        from adieu.deletion.mails import register_mails  # noqa: PLC0415
        from adieu.deletion.replaying import register_replayers  # noqa: PLC0415

        register_mails()
        register_replayers()
