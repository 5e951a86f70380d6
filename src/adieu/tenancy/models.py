import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length

models.CharField.register_lookup(Length)


class Role(models.TextChoices):
    OWNER = "owner"
    MEMBER = "member"


class Organization(models.Model):
    """The tenant. Triggers on the memberships keep `owner_count` (Rule O2, Note [Owners are counted])."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=64)
    owner_count = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="organization_has_owner", condition=Q(owner_count__gte=1)),
            models.CheckConstraint(name="organization_name_length", condition=Q(name__length__range=(1, 64))),
        ]


class Project(models.Model):
    """A container of clusters inside an organization."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="projects")
    name = models.CharField(max_length=64)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="project_name_unique"),
            models.UniqueConstraint(
                fields=["organization"], condition=Q(is_default=True), name="one_default_project"
            ),
            models.CheckConstraint(name="project_name_length", condition=Q(name__length__range=(1, 64))),
        ]


class OrganizationMembership(models.Model):
    """An account's place in an organization."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, related_name="+")
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "account"], name="organization_member_once"),
            models.CheckConstraint(name="organization_role_known", condition=Q(role__in=Role.values)),
        ]


class ProjectMembership(models.Model):
    """An account's place in a project."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.DB_CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "account"], name="project_member_once"),
            models.CheckConstraint(name="project_role_known", condition=Q(role__in=Role.values)),
        ]


class Welcome(models.Model):
    """That an account got its first organization; the unique row decides it once (Rule A3)."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.DB_CASCADE, related_name="+"
    )
    welcomed_at = models.DateTimeField()
