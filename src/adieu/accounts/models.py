import uuid
from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from adieu.kit.errors import Fact


class MadeBySignUpOnly(Fact):
    """Accounts are made by signing up, on the console's page."""


class AccountManager(BaseUserManager["Account"]):
    """Accounts are made by sign-up only; this is here because Django asks for one."""

    def create_superuser(self, **_: Any) -> NoReturn:
        """Refuse Django's command.

        Raises:
            MadeBySignUpOnly: always.
        """
        raise MadeBySignUpOnly


class Account(AbstractBaseUser):
    """A person's login. The address is sealed; the person is in the vault (Rule P1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254, db_index=True)
    registered_at = models.DateTimeField()
    # Since when nobody may use it, because a restore left open whether it was deleted (Rule L1).
    locked_at = models.DateTimeField(null=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = AccountManager()

    class Meta:
        constraints: ClassVar = [
            # Rule P1: a readable address cannot enter the main database.
            models.CheckConstraint(
                name="account_address_sealed", condition=models.Q(email__endswith="@sealed.invalid")
            ),
        ]

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Whether its person is let in; Django and allauth ask this at every request and sign-in."""
        return self.locked_at is None

    def save(self, **kwargs: Any) -> None:
        """Write the account; one that was deleted meanwhile is never written back (Rule D7).

        Without this a request that was under way would insert the row again: Django inserts when
        its update finds nothing.
        """
        if not self._state.adding and not kwargs.get("update_fields"):
            kwargs["force_update"] = True
        super().save(**kwargs)


class TermsAgreement(models.Model):
    """The version of the operator's terms a person agreed to, and when (Rule A1)."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.DB_CASCADE, related_name="+")
    version = models.CharField(max_length=64)
    agreed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "version"], name="terms_agreed_once")
        ]


class Session(models.Model):
    """A browser that is known; what it holds stands in the vault (Rules A6, A8).

    The digest of the key is stored, so whoever reads the database or a backup cannot take a session over.
    """

    key_digest = models.CharField(primary_key=True, max_length=64)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DB_CASCADE, null=True, related_name="+"
    )
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)


class Operator(models.Model):
    """That an account is one of those who run this installation; it goes with the account."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.DB_CASCADE, related_name="+"
    )
    added_at = models.DateTimeField()
