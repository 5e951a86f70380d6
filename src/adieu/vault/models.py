"""Everything that tells who a person is stands here and nowhere else (Rule P1).

These tables live in a database of their own, so none of them has a foreign key to the main one (Rule P4).
"""

from typing import ClassVar

from django.db import models


class Entry(models.Model):
    """The personal data of one account."""

    account_id = models.UUIDField(primary_key=True)
    address = models.CharField(max_length=254)
    name = models.CharField(max_length=100, blank=True, default="")
    company = models.CharField(max_length=100, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    created_at = models.DateTimeField()


class SessionData(models.Model):
    """What a session holds: pending flows of allauth keep addresses and codes there (Rule A8)."""

    key_digest = models.CharField(primary_key=True, max_length=64)
    account_id = models.UUIDField(null=True, db_index=True)
    content = models.TextField()
    network_address = models.CharField(max_length=45, blank=True, default="")
    user_agent = models.CharField(max_length=200, blank=True, default="")
    expires_at = models.DateTimeField(db_index=True)


class InvitedAddress(models.Model):
    """Where an invitation was sent; the row goes when the invitation ends (Rule O3)."""

    invitation_id = models.UUIDField(primary_key=True)
    address = models.CharField(max_length=254)
    created_at = models.DateTimeField()


class Mail(models.Model):
    """A mail that waits to be handed over; the row goes when it was."""

    notice_id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField(null=True, db_index=True)
    address = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    created_at = models.DateTimeField()


class Comment(models.Model):
    """A comment on leaving: bound to its request until the point of no return, then to nothing (Rule D3).

    The key is a random 31-bit integer, which SQLite uses as the row id: nothing tells the order of arrival.
    """

    key = models.IntegerField(primary_key=True)
    request_id = models.UUIDField(null=True, unique=True)
    text = models.CharField(max_length=1000)


class CommentRound(models.Model):
    """The year in which the loosened comments were last cleared, all together (Rule D3); one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    cleared_in_year = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(name="one_comment_round", condition=models.Q(id=1))]


class Compaction(models.Model):
    """How many erasures asked for a compaction, and up to which one it was done; one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    owed = models.PositiveIntegerField()
    paid = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(name="one_compaction", condition=models.Q(id=1))]


class Pairing(models.Model):
    """Whose vault this is: a mark that only the installation with its pepper can make; one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    pepper_version = models.PositiveSmallIntegerField()
    mark = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(name="one_pairing", condition=models.Q(id=1))]


class DevelopmentMail(models.Model):
    """A message in the development mailbox, which stands in for a mail server on a developer's machine."""

    id = models.UUIDField(primary_key=True)
    address_key = models.CharField(max_length=64, db_index=True)
    address = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    received_at = models.DateTimeField(db_index=True)


class ArchiveState(models.TextChoices):
    WAITING = "waiting"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


class ArchiveProblem(models.TextChoices):
    """Why an archive could not be built."""

    DISK_FULL = "disk_full"
    OTHER = "other"


class Archive(models.Model):
    """The one archive of a person's data: asked for, built in the background, gone an hour after.

    waiting ──(claim: epoch + 1, lease)──▶ building ──▶ ready
       ▲                                    │    └──(failed too often)──▶ failed
       └────────(failed, given back)────────┘
    """

    id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField(unique=True)
    state = models.CharField(max_length=8, choices=ArchiveState.choices, default=ArchiveState.WAITING)
    asked_at = models.DateTimeField()
    # Raised by every claim; a worker that wakes up late holds an old one and can write nothing.
    epoch = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    leased_until_at = models.DateTimeField(null=True)
    tables_done = models.PositiveSmallIntegerField(default=0)
    tables_total = models.PositiveSmallIntegerField(default=0)
    part_count = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=16, choices=ArchiveProblem.choices, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="archive_state_tells_times",
                condition=(
                    models.Q(
                        state="waiting",
                        leased_until_at__isnull=True,
                        ready_at__isnull=True,
                        expires_at__isnull=True,
                        failed_at__isnull=True,
                        problem="",
                    )
                    | models.Q(
                        state="building",
                        leased_until_at__isnull=False,
                        ready_at__isnull=True,
                        expires_at__isnull=True,
                        failed_at__isnull=True,
                        problem="",
                    )
                    | models.Q(
                        state="ready",
                        leased_until_at__isnull=True,
                        ready_at__isnull=False,
                        expires_at__isnull=False,
                        expires_at__gt=models.F("ready_at"),
                        failed_at__isnull=True,
                        problem="",
                    )
                    | models.Q(
                        state="failed",
                        leased_until_at__isnull=True,
                        ready_at__isnull=True,
                        expires_at__isnull=True,
                        failed_at__isnull=False,
                        problem__in=["disk_full", "other"],
                    )
                ),
            ),
            models.CheckConstraint(
                name="archive_only_ready_is_whole",
                condition=~models.Q(state="ready")
                | models.Q(tables_done=models.F("tables_total"), tables_total__gt=0, part_count__gt=0),
            ),
        ]


class ArchivePart(models.Model):
    """A piece of an archive's file; it goes with the archive."""

    archive = models.ForeignKey(Archive, on_delete=models.DB_CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["archive", "number"], name="archive_part_once")
        ]
