from django.apps import AppConfig


class ArchivesConfig(AppConfig):
    name = "adieu.archives"
    label = "archives"

    def ready(self) -> None:
        """Tell the notices how our mail is written."""
        from adieu.archives.mails import register_mails  # noqa: PLC0415 - after the models

        register_mails()
