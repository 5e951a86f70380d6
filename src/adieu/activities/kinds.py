"""Every kind of activity there is, with its level (Rule V2)."""

from django.db import models


class Level(models.TextChoices):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Kind(models.TextChoices):
    ORGANIZATION_CREATED = "organization.created"
    ORGANIZATION_DELETED = "organization.deleted"
    PROJECT_CREATED = "project.created"
    MEMBER_ERASED = "organization.member_erased"


LEVELS: dict[Kind, Level] = {
    Kind.ORGANIZATION_CREATED: Level.INFO,
    Kind.ORGANIZATION_DELETED: Level.WARNING,
    Kind.PROJECT_CREATED: Level.INFO,
    Kind.MEMBER_ERASED: Level.WARNING,
}
