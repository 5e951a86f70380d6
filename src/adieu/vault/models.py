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
