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
    description = models.CharField(max_length=500, blank=True, default="")
    website = models.CharField(max_length=200, blank=True, default="")
    # A member, not an address: who that is stands in the vault (Rule P1).
    contact = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, null=True, related_name="+"
    )
    time_zone = models.CharField(max_length=64, default="UTC")
    owner_count = models.PositiveIntegerField(default=1)
    # Since when it waits for an operator: a restore had to take its only owner once more (Rule L2).
    locked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="organization_has_owner", condition=Q(owner_count__gte=1) | Q(locked_at__isnull=False)
            ),
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
    """A member's place in a project; it goes with the place in the organization (Rule O5)."""

    member = models.ForeignKey(OrganizationMembership, on_delete=models.DB_CASCADE, related_name="projects")
    project = models.ForeignKey(Project, on_delete=models.DB_CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "member"], name="project_member_once"),
            models.CheckConstraint(name="project_role_known", condition=Q(role__in=Role.values)),
        ]


class Welcome(models.Model):
    """That an account got its first organization; the unique row decides it once (Rule A3)."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.DB_CASCADE, related_name="+"
    )
    welcomed_at = models.DateTimeField()


class InvitationState(models.TextChoices):
    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Invitation(models.Model):
    """An offer of membership to an address, which stands in the vault until the invitation ends (Rule O3).

    The link is derived from the id, never stored.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.DB_CASCADE, related_name="invitations")
    project = models.ForeignKey(Project, on_delete=models.DB_CASCADE, null=True, related_name="+")
    # It ends when its inviter's place in the organization does.
    inviter = models.ForeignKey(
        OrganizationMembership, on_delete=models.DB_SET_NULL, null=True, related_name="+"
    )
    address_key = models.CharField(max_length=64, db_index=True)
    role = models.CharField(max_length=8, choices=Role.choices)
    project_role = models.CharField(max_length=8, choices=Role.choices, blank=True, default="")
    state = models.CharField(max_length=8, choices=InvitationState.choices, default=InvitationState.PENDING)
    invited_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "address_key"],
                condition=Q(state="pending"),
                name="one_pending_invitation",
            ),
            models.CheckConstraint(name="invitation_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="invitation_project_has_role",
                condition=Q(project__isnull=True, project_role="")
                | Q(project__isnull=False, project_role__in=Role.values),
            ),
            models.CheckConstraint(
                name="invitation_state_tells_times",
                condition=Q(state="pending", ended_at__isnull=True)
                | Q(state__in=["accepted", "declined", "revoked", "expired"], ended_at__isnull=False),
            ),
        ]


class ApiKey(models.Model):
    """A credential of one account in one organization; it goes with the membership (Rule O5).

    Only a keyed hash is stored; the key itself is shown once.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey(OrganizationMembership, on_delete=models.DB_CASCADE, related_name="api_keys")
    name = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "name"], name="api_key_name_unique"),
            models.CheckConstraint(name="api_key_name_length", condition=Q(name__length__range=(1, 64))),
        ]
