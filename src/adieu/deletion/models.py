import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Reason(models.TextChoices):
    """Why a person leaves (Rule D3)."""

    NO_LONGER_NEEDED = "no_longer_needed", "No longer needed"
    TOO_HARD = "too_hard", "Too hard to use"
    MISSING_FEATURE = "missing_feature", "Missing a feature"
    TOO_EXPENSIVE = "too_expensive", "Too expensive to run"
    PRIVACY = "privacy", "Privacy"
    OTHER_ACCOUNT = "other_account", "Moving to another account"
    SOMETHING_ELSE = "something_else", "Something else"
    NOT_SAID = "not_said", "Prefer not to say"


class RequestState(models.TextChoices):
    OPEN = "open"
    ENDED = "ended"
    ERASING = "erasing"
    COMPLETED = "completed"


class DeletionRequest(models.Model):
    """The aggregate that carries one person from "I want to leave" to "gone".

    Before the point of no return it belongs to an account and has a reason; after it, to nobody.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, null=True, related_name="+"
    )
    # The opaque id that steps and the vault go by once the account row is gone.
    former_account_id = models.UUIDField(null=True)
    state = models.CharField(max_length=16, choices=RequestState.choices, default=RequestState.OPEN)
    reason = models.CharField(max_length=32, choices=Reason.choices, blank=True, default="")
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    # When the person was told that it takes longer than promised, and that somebody has to help; once each.
    told_late_at = models.DateTimeField(null=True)
    told_stuck_at = models.DateTimeField(null=True)
    # The confirmation that the ledger was told of; see Note [Intents].
    intent_fence = models.UUIDField(null=True)
    intended_at = models.DateTimeField(null=True)
    # What was going, was staying and who is told, as it was described when the deletion was announced.
    described = models.JSONField(null=True)
    # Whether an operator confirms it, or did, on the person's behalf; without a reason nobody else asked.
    is_by_operator = models.BooleanField(default=False, db_default=False)
    # When a restored database erased again what the ledger says was erased (Rule L2).
    replayed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="deletion_intent_has_time",
                condition=Q(intent_fence__isnull=True, intended_at__isnull=True)
                | Q(intent_fence__isnull=False, intended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="person_gives_a_reason",
                condition=~Q(state__in=["open", "ended"], reason="") | Q(is_by_operator=True),
            ),
            models.CheckConstraint(
                name="only_confirmed_deletion_is_replayed",
                condition=Q(replayed_at__isnull=True) | Q(confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="deletion_state_tells_times",
                condition=(
                    Q(
                        state="open",
                        account__isnull=False,
                        former_account_id__isnull=True,
                        ended_at__isnull=True,
                        confirmed_at__isnull=True,
                        completed_at__isnull=True,
                    )
                    | Q(
                        state="ended",
                        account__isnull=False,
                        former_account_id__isnull=True,
                        ended_at__isnull=False,
                        confirmed_at__isnull=True,
                        completed_at__isnull=True,
                    )
                    | Q(
                        state="erasing",
                        account__isnull=True,
                        former_account_id__isnull=False,
                        reason="",
                        ended_at__isnull=True,
                        confirmed_at__isnull=False,
                        completed_at__isnull=True,
                    )
                    | Q(
                        state="completed",
                        account__isnull=True,
                        former_account_id__isnull=False,
                        reason="",
                        ended_at__isnull=True,
                        confirmed_at__isnull=False,
                        completed_at__isnull=False,
                    )
                ),
            ),
            # Two tabs that open a request at once: the second one finds the first one's row.
            models.UniqueConstraint(
                fields=["account"], condition=Q(state="open"), name="one_open_deletion_request"
            ),
            models.UniqueConstraint(fields=["former_account_id"], name="one_deletion_per_account"),
            models.CheckConstraint(
                name="only_confirmed_deletion_is_late",
                condition=Q(confirmed_at__isnull=False)
                | Q(told_late_at__isnull=True, told_stuck_at__isnull=True),
            ),
        ]


class Verification(models.Model):
    """The e-mailed code of one request: what it is bound to and how often it was tried (Rule D4).

    The code itself is derived from the request and `number`, never stored.
    """

    request = models.OneToOneField(
        DeletionRequest, primary_key=True, on_delete=models.DB_CASCADE, related_name="verification"
    )
    number = models.PositiveSmallIntegerField()
    session_digest = models.CharField(max_length=64)
    owned = models.JSONField()
    consent_texts = models.JSONField()
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_up_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="verification_at_most_5_tries", condition=Q(wrong_tries__lte=5)),
            models.CheckConstraint(
                name="verification_expires_later", condition=Q(expires_at__gt=models.F("sent_at"))
            ),
        ]


class Consent(models.Model):
    """The exact text version that was ticked, kept as evidence (Rule D5)."""

    request = models.ForeignKey(DeletionRequest, on_delete=models.DB_CASCADE, related_name="consents")
    text_id = models.CharField(max_length=64)
    given_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "text_id"], name="consent_given_once")]


class StepState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STUCK = "stuck"


class ErasureStep(models.Model):
    """One idempotent unit of work after the point of no return; this table is the queue (Rule D8)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(DeletionRequest, on_delete=models.DO_NOTHING, related_name="steps")
    position = models.PositiveSmallIntegerField()
    keeper = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    title = models.CharField(max_length=120)
    payload = models.JSONField(default=dict)
    is_after_completion = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=StepState.choices, default=StepState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    # How often in a row it failed, or its worker vanished; after so many it is stuck.
    failures = models.PositiveIntegerField(default=0)
    # The type of the last error and nothing else of it: what an error says may quote a person.
    last_error = models.CharField(max_length=200, blank=True, default="")
    # Raised by every claim; a worker that wakes up late holds an old one and can change nothing.
    epoch = models.PositiveIntegerField(default=0)
    # When it was asked for: by the deletion, or again by the operator.
    asked_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    leased_until_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    stuck_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"], name="step_due", condition=Q(state__in=["waiting", "running"])
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["request", "keeper", "name"], name="step_once"),
            models.CheckConstraint(
                name="step_state_tells_times",
                condition=(
                    Q(
                        state="waiting",
                        leased_until_at__isnull=True,
                        done_at__isnull=True,
                        stuck_at__isnull=True,
                    )
                    | Q(
                        state="running",
                        leased_until_at__isnull=False,
                        done_at__isnull=True,
                        stuck_at__isnull=True,
                    )
                    | Q(
                        state="done",
                        leased_until_at__isnull=True,
                        done_at__isnull=False,
                        stuck_at__isnull=True,
                    )
                    | Q(
                        state="stuck",
                        leased_until_at__isnull=True,
                        done_at__isnull=True,
                        stuck_at__isnull=False,
                    )
                ),
            ),
        ]


class Receipt(models.Model):
    """The receipt of a completed deletion; without its nonce, which is derived (Note [One receipt])."""

    request = models.OneToOneField(
        DeletionRequest, primary_key=True, on_delete=models.DO_NOTHING, related_name="receipt"
    )
    receipt = models.TextField()
    proof = models.TextField()
    issued_at = models.DateTimeField()


class ReasonCount(models.Model):
    """How many people left in a week for a reason; all that remains of the feedback form (Rule D3)."""

    week = models.DateField()
    reason = models.CharField(max_length=32, choices=Reason.choices)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["week", "reason"], name="reason_counted_once_a_week")]
