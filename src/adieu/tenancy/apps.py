from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "adieu.tenancy"
    label = "tenancy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear of sign-ins: the first one makes an organization (Rule A3)."""
        from adieu.accounts.hooks import on_signed_in  # noqa: PLC0415 - after the models
        from adieu.tenancy.notices import register_mails  # noqa: PLC0415
        from adieu.tenancy.operations import welcome  # noqa: PLC0415

        on_signed_in.append(welcome)
        register_mails()
