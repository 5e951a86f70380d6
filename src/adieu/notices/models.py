import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q


class NoticeState(models.TextChoices):
    OWED = "owed"
    DELIVERED = "delivered"
    REFUSED = "refused"
    GIVEN_UP = "given_up"


class Notice(models.Model):
    """A message that is owed to someone. Who and what it says stand in the vault (Rule P1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=64)
    # The opaque id, without a foreign key: the farewell mail is owed to an account that is gone.
    account_id = models.UUIDField(null=True, db_index=True)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=NoticeState.choices, default=NoticeState.OWED)
    attempts = models.PositiveIntegerField(default=0)
    owed_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    give_up_at = models.DateTimeField()
    leased_until_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at"], name="notice_due", condition=Q(state="owed"))
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="notice_settled_has_time",
                condition=Q(state="owed", settled_at__isnull=True)
                | Q(state__in=["delivered", "refused", "given_up"], settled_at__isnull=False),
            ),
        ]


class RefusalMail(models.Model):
    """When a mailbox was last told that its address is retired: at most one mail a day (Rule C5)."""

    address_key = models.CharField(primary_key=True, max_length=64)
    owed_at = models.DateTimeField()
