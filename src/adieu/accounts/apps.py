from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "adieu.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Put our guards and listeners in place."""
        from adieu.accounts import addresses, lifting, listeners, mails  # noqa: PLC0415 - after the models

        addresses.watch_saves()
        mails.register_decoy()
        listeners.listen()
        lifting.register_replayer()
