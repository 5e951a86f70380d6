from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "adieu.tenancy"
    label = "tenancy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hear of sign-ins, for the first organization (Rule A3), and answer for invitations."""
        from adieu.accounts.hooks import invited_keys, on_signed_in  # noqa: PLC0415 - after the models
        from adieu.tenancy import invitation_mails, replaying  # noqa: PLC0415
        from adieu.tenancy.notices import register_mails  # noqa: PLC0415
        from adieu.tenancy.offers import invited_key  # noqa: PLC0415
        from adieu.tenancy.operations import welcome  # noqa: PLC0415

        on_signed_in.append(welcome)
        invited_keys.append(invited_key)
        register_mails()
        invitation_mails.register_mails()
        replaying.register_replayers()
