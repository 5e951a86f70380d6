import uuid

from django.db import models
from django.db.models import Q

from adieu.ledger.entries import NOTHING, Kind


class Mark(models.Model):
    """How much of the ledger this database has taken in; one row, by which a shorter ledger is found out."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    installation_id = models.UUIDField()
    number = models.PositiveBigIntegerField(default=0)
    chain = models.CharField(max_length=64, default=NOTHING)

    class Meta:
        constraints = [models.CheckConstraint(name="one_ledger_mark", condition=Q(id=1))]


class Change(models.Model):
    """A change that this database has seen and the ledger tells of; see Note [Owed lines]."""

    change_id = models.UUIDField(unique=True, default=uuid.uuid4)
    kind = models.CharField(max_length=32, choices=[(kind.value, kind.name) for kind in Kind])
    body = models.JSONField()
    made_at = models.DateTimeField()
    # Where it stands in the ledger; none as long as the line is owed.
    number = models.PositiveBigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["id"], name="ledger_line_owed", condition=Q(number__isnull=True))]
        constraints = [
            models.CheckConstraint(
                name="ledger_kind_known", condition=Q(kind__in=[kind.value for kind in Kind])
            )
        ]
