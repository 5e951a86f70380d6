from typing import ClassVar

from django.conf import settings
from django.db import models


class PepperVersion(models.Model):
    """A version of the pepper that keys in this database were made with; the highest is in use (Rule C4)."""

    version = models.PositiveSmallIntegerField(primary_key=True)
    # What only the pepper itself can make, so that no other is taken for it.
    mark = models.CharField(max_length=64)
    begun_at = models.DateTimeField()


class IdentityClaim(models.Model):
    """One row per identifier, live or retired for good (Rules C1, C2, C6)."""

    key = models.CharField(primary_key=True, max_length=64)
    rule_version = models.PositiveSmallIntegerField()
    pepper_version = models.PositiveSmallIntegerField()
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
    )
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            # Rule C1: a claim is live or retired, never both, never neither.
            models.CheckConstraint(
                name="identity_claim_live_or_retired",
                condition=(
                    models.Q(account__isnull=False, retired_at__isnull=True)
                    | models.Q(account__isnull=True, retired_at__isnull=False)
                ),
            ),
        ]
