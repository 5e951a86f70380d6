import uuid

from django.db import models

from adieu.activities.kinds import Kind, Level, OperatorKind, OperatorReason


class Activity(models.Model):
    """Something that happened in an organization; append-only, by opaque ids (Rule V1).

    Each index serves one filter and holds the order of the log, so a page is read from it without sorting.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organization_id = models.UUIDField()
    kind = models.CharField(max_length=64, choices=Kind.choices)
    level = models.CharField(max_length=8, choices=Level.choices)
    actor_id = models.UUIDField(null=True)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=36)
    subject_name = models.CharField(max_length=64, blank=True, default="")
    # The name without regard to case, to be found by: some letters become three.
    subject_name_key = models.CharField(max_length=192, blank=True, default="")
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "activities"
        indexes = [
            models.Index(fields=["organization_id", "recorded_at", "id"], name="activity_by_time"),
            models.Index(fields=["organization_id", "kind", "recorded_at", "id"], name="activity_by_kind"),
            models.Index(fields=["organization_id", "level", "recorded_at", "id"], name="activity_by_level"),
            models.Index(
                fields=["organization_id", "actor_id", "recorded_at", "id"], name="activity_by_actor"
            ),
            models.Index(
                fields=["organization_id", "subject_kind", "recorded_at", "id"],
                name="activity_by_subject_kind",
            ),
            models.Index(
                fields=["organization_id", "subject_id", "recorded_at", "id"], name="activity_by_subject"
            ),
            models.Index(
                fields=["organization_id", "subject_name_key", "recorded_at", "id"],
                name="activity_by_subject_name",
            ),
        ]
        constraints = [
            models.CheckConstraint(name="activity_kind_known", condition=models.Q(kind__in=Kind.values)),
            models.CheckConstraint(name="activity_level_known", condition=models.Q(level__in=Level.values)),
        ]


class OperatorAct(models.Model):
    """Something that an operator did; append-only like activities, and as impersonal (Rules V1, C6)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=64, choices=OperatorKind.choices)
    reason = models.CharField(max_length=16, choices=OperatorReason.choices)
    # None for whoever gave a command on the machine itself.
    actor_id = models.UUIDField(null=True)
    # A claim key is the longest.
    subject_id = models.CharField(max_length=64)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="operator_kind_known", condition=models.Q(kind__in=OperatorKind.values)
            ),
            models.CheckConstraint(
                name="operator_reason_known", condition=models.Q(reason__in=OperatorReason.values)
            ),
        ]
