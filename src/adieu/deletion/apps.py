from django.apps import AppConfig


class DeletionConfig(AppConfig):
    name = "adieu.deletion"
    label = "deletion"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the mails; imported here because models are not ready before."""
        from adieu.deletion.mails import register_mails  # noqa: PLC0415

        register_mails()
