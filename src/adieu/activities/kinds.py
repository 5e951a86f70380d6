"""Every kind of activity there is, with its level and what it says (Rule V2)."""

from django.db import models


class Level(models.TextChoices):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Kind(models.TextChoices):
    """`subject.event`; the label is the sentence that a log shows."""

    ORGANIZATION_CREATED = "organization.created", "created the organization"
    ORGANIZATION_CHANGED = "organization.changed", "changed the organization's information"
    ORGANIZATION_RENAMED = "organization.renamed", "renamed the organization"
    ORGANIZATION_DELETED = "organization.deleted", "deleted the organization"
    MEMBER_JOINED = "organization.member_joined", "joined the organization"
    MEMBER_ROLE_CHANGED = "organization.member_role_changed", "changed a member's role"
    MEMBER_REMOVED = "organization.member_removed", "removed a member"
    MEMBER_LEFT = "organization.member_left", "left the organization"
    MEMBER_ERASED = "organization.member_erased", "deleted their account"
    OWNERSHIP_HANDED_OVER = "organization.ownership_handed_over", "made a member owner"
    INVITATION_SENT = "invitation.sent", "sent an invitation"
    INVITATION_RESENT = "invitation.resent", "sent an invitation again"
    INVITATION_REVOKED = "invitation.revoked", "revoked an invitation"
    INVITATION_ACCEPTED = "invitation.accepted", "accepted an invitation"
    INVITATION_DECLINED = "invitation.declined", "declined an invitation"
    PROJECT_CREATED = "project.created", "created a project"
    PROJECT_RENAMED = "project.renamed", "renamed a project"
    PROJECT_DELETED = "project.deleted", "deleted a project"
    PROJECT_MEMBER_ADDED = "project.member_added", "added a member to a project"
    PROJECT_MEMBER_ROLE_CHANGED = "project.member_role_changed", "changed a member's role in a project"
    PROJECT_MEMBER_REMOVED = "project.member_removed", "removed a member from a project"
    PROJECT_OWNER_REPLACED = (
        "project.owner_replaced",
        "became owner of a project whose only owner they removed",
    )
    CLUSTER_CREATED = "cluster.created", "created a cluster"
    CLUSTER_SUSPENDED = "cluster.suspended", "suspended a cluster"
    CLUSTER_RESUMED = "cluster.resumed", "resumed a cluster"
    CLUSTER_DELETED = "cluster.deleted", "deleted a cluster"
    CLUSTER_FAILED = "cluster.failed", "could not run a cluster"
    CLUSTER_MOVED = "cluster.moved", "gave a cluster another address, whose port another program uses"
    API_KEY_CREATED = "api_key.created", "created an API key"
    API_KEY_RESET = "api_key.reset", "reset an API key"
    API_KEY_REVOKED = "api_key.revoked", "revoked an API key"


WARNINGS = frozenset(
    {
        Kind.ORGANIZATION_DELETED,
        Kind.MEMBER_REMOVED,
        Kind.MEMBER_ERASED,
        Kind.OWNERSHIP_HANDED_OVER,
        Kind.PROJECT_DELETED,
        Kind.PROJECT_OWNER_REPLACED,
        Kind.CLUSTER_DELETED,
        Kind.CLUSTER_MOVED,
    }
)
LEVELS: dict[Kind, Level] = {kind: Level.WARNING if kind in WARNINGS else Level.INFO for kind in Kind}
LEVELS[Kind.CLUSTER_FAILED] = Level.ERROR


class OperatorKind(models.TextChoices):
    """What operators do, in the operator log; the label is the sentence that it shows."""

    OPERATOR_ADDED = "operator.added", "named an operator"
    OPERATOR_REMOVED = "operator.removed", "let an operator be one no more"
    ACCOUNT_DELETED = "account.deleted", "deleted an account"
    ORGANIZATION_HANDED_OVER = (
        "organization.handed_over",
        "handed an organization over that would have lost its only owner",
    )
    ORGANIZATION_DELETED = (
        "organization.deleted",
        "deleted an organization that would have lost its only owner",
    )
    IDENTITY_LIFTED = "identity.lifted", "lifted a retired address"
    DELETION_SETTLED = "deletion.settled", "said whether a deletion had happened that a restore left open"
    ORGANIZATION_GIVEN = (
        "organization.given",
        "named an owner of an organization that a restore left without one",
    )


class OperatorReason(models.TextChoices):
    """Why an operator did something; a list, because a text could name a person (Rule V1)."""

    ASKED = "asked", "the person asked for it"
    MISTAKE = "mistake", "something had gone wrong"
    RESTORE = "restore", "a backup was restored"
    LAW = "law", "the law demands it"
    STAFF = "staff", "who runs this installation changed"
