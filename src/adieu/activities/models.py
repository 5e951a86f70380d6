import uuid

from django.db import models

from adieu.activities.kinds import Kind, Level


class Activity(models.Model):
    """Something that happened in an organization; append-only, by opaque ids (Rule V1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organization_id = models.UUIDField()
    kind = models.CharField(max_length=64, choices=Kind.choices)
    level = models.CharField(max_length=8, choices=Level.choices)
    actor_id = models.UUIDField(null=True)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=36)
    subject_name = models.CharField(max_length=64, blank=True, default="")
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "activities"
        indexes = [models.Index(fields=["organization_id", "-recorded_at"], name="activity_by_organization")]
        constraints = [
            models.CheckConstraint(name="activity_kind_known", condition=models.Q(kind__in=Kind.values)),
            models.CheckConstraint(name="activity_level_known", condition=models.Q(level__in=Level.values)),
        ]
