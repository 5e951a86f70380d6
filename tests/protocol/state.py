"""What there is in the model: rows, the vault, mail that arrived, the ledger, and who is doing what.

Everything is a value: a state is equal to another when nothing that matters differs, and the explorer takes
it once. What only ever grows (epochs, tries, copies of a mail) is kept as the one thing the protocol asks of
it, so that there are finitely many states and no bound on how often anything happens.
"""

from enum import StrEnum
from typing import NamedTuple

from adieu.deletion.models import RequestState, StepState
from adieu.notices.models import NoticeState
from adieu.tenancy.models import Role

GONE = ""
UNVERIFIED, VERIFIED = "unverified", "verified"
LIVE, RETIRED = "live", "retired"
# What the replay puts on a key when it cannot know whether the address is retired.
HELD = "held"
FULL, CUT_DOWN = "full", "cut down"
CONFIRMED, ABORTED, UNSETTLED = "confirmed", "aborted", "unsettled"
# What the ledger can be owed besides: the end of a stale intent, and what Bob's role is.
STALE_ABORTED, ROLES = "aborted, of a stale intent", "roles"
NO_LONGER = "no longer"
# Who holds a step with the newest epoch, or the newest fence, and who was overtaken.
NEWEST, OVERTAKEN = "newest", "overtaken"
STALE = "stale"
UNUSED, USED = "unused", "used"
# More often than twice is as wrong as twice.
TWICE = 2


class Bug(StrEnum):
    """Mistakes that others made, or that we nearly made; each is a switch that takes a guard away."""

    NO_LOCK_ON_ORGANIZATION = "owners are looked at without the lock"
    LOCKS_UPSIDE_DOWN = "a membership is locked before its organization"
    NO_CHECK_ON_OWNERS = "the database lets the count of owners fall to nothing"
    COUNT_LEFT_BEHIND = "a role is written around the trigger that counts"
    RESERVE_AND_DELETE = "a retired address is a new row, and the live one is deleted"
    NO_UNIQUE_INDEX = "a claim is inserted because a look found none"
    CODE_NOT_USED_UP = "a request is confirmed without its lock and its code is only looked at"
    NO_FOREIGN_KEY = "rows of a person do not hang on the account"
    NO_ACCOUNT_LOCK_AT_SWEEP = "the sweep looks first and locks never"
    STEPS_AFTER_COMMIT = "steps are written after the point of no return"
    CLAIM_AFTER_COMMIT = "the claim is retired after the point of no return"
    ERASE_BEFORE_COMMIT = "the vault is erased before the point of no return is committed"
    LEASE_WITHOUT_EPOCH = "whoever finds a step running may settle it"
    NO_FENCING = "an effect does not ask whether its worker still holds the step"
    EFFECT_WITHOUT_NAME = "an effect in the main database does not know itself again"
    FENCE_BEFORE_EFFECT = "the epoch is looked at in a transaction of its own, before the effect"
    SETTLE_BEFORE_EFFECT = "a step is settled before it is done"
    COMPLETION_WITHOUT_LOCK = "two last steps each look whether the other is done, and lock nothing"
    COMPLETION_BEFORE_LAST_STEP = "completion is checked before the last step is settled"
    COMPLETION_AFTER_COMMIT = "completion is checked after the last step's commit"
    COMPLETION_AFTER_ONE = "completion looks at one step and not at all"
    ADDRESS_BEFORE_MAIL = "the address goes without a look at the last mail"
    MAIL_BEFORE_COMMIT = "the last mail is handed over inside the transaction that completes"
    NO_LOCK_ON_HELD_ADDRESS = "an intent that cannot be settled locks the account and not its address"
    NO_LEASE_ON_MAIL = "a mail is handed over by whoever sees it"
    STEP_GIVEN_UP = "a step that fails too often is dropped, and nobody can start it again"
    INTENT_AFTER_COMMIT = "the ledger hears of a deletion after its commit"
    CONFIRMED_BEFORE_COMMIT = "the ledger confirms a deletion before its commit"
    SERVE_BEFORE_REPLAY = "a restored database is served before the ledger was replayed"
    GUESS_OPEN_INTENT = "an open intent is taken for aborted because the account is there"
    ABORT_WITHOUT_FENCE = "an open intent is aborted while its transaction may still come"
    NO_FENCE = "the point of no return does not ask whether its intent was given up"
    CONFIRMED_OWED_AFTER_COMMIT = "the line that confirms is owed in a transaction after the deletion's"
    TELL_OUT_OF_ORDER = "the line that confirms goes before what was owed earlier"
    INTENT_BEFORE_OWED = "an intent goes before what was owed earlier"
    REPLAY_OUT_OF_ORDER = "a replay repeats deletions before hand-overs"
    ENDED_KEEPS_FENCE = "an intent of a request that wrong codes ended is not given up"
    LATE_INTENT_LEFT_OPEN = "an intent that is written after its end is left open"
    RESTORE_KEEPS_FENCE = "a restored request keeps the fence of a confirmation that went on after the backup"
    REPLAY_WITHOUT_CLAIMS = "the replay erases the account and retires nothing"


class Step(NamedTuple):
    """A row of the queue, without its times."""

    state: StepState
    # Whether it failed so often that the next failure is the last one.
    is_worn: bool = False


class Main(NamedTuple):
    """What is committed in the main database; each field is a row, or the part of one that matters."""

    owner_count: int
    role_alice: str
    role_bob: str
    account_alice: str
    account_bob: str
    # Somebody who signs up with Alice's address.
    account_twin: str
    # Rows of the one table of claims, all under the key of Alice's address.
    claim_alice: str
    claim_twin: str
    # Only a mistaken design has this second table, of retired addresses.
    is_reserved: bool
    # A personal row of Alice with a foreign key to her account: a session, an API key.
    key: int
    request_alice: str
    request_bob: str
    code: str
    # How often Alice's reason was counted (Rule D3): how often the point of no return was passed.
    reasons: int
    step_tell: Step | None
    step_cut: Step | None
    step_forget: Step | None
    # How often the owners were told, which is the effect of the step `tell`.
    told: int
    notice: str
    is_notice_leased: bool
    # Locked by the replay for the operator to decide (Rules L1, L2).
    is_account_locked: bool
    is_organization_locked: bool
    # Whether the replay destroyed the organization, because nobody was left in it.
    is_destroyed: bool
    # Whether Alice's request has the newest fence, what the database knows of how that ended, and what the
    # ledger is owed.
    fence: bool
    end: str
    owed: frozenset[str]


class Ledger(NamedTuple):
    """What the ledger says that somebody can still ask for."""

    # Fences without an end: the newest, stale ones.
    intents: frozenset[str] = frozenset()
    # The last word on Alice's deletion; "confirmed" is never taken back.
    end: str = GONE
    # What was said of Bob's role.
    bob: str = GONE


class Actor(NamedTuple):
    """A request or a worker: its program, where it stands, and what it has not committed."""

    name: str
    program: str = ""
    at: int = 0
    changes: tuple[tuple[str, object], ...] = ()
    locks: frozenset[str] = frozenset()
    token: str = ""


class State(NamedTuple):
    """All there is."""

    main: Main
    vault: str
    # Copies of the last mail that the mail server took, and whether Rule D8's exception was met.
    copies: int
    is_copy_excused: bool
    # Whether a worker that was overtaken has changed anything in the main database.
    has_late_change: bool
    # Rows whose lease is over; time is in no database.
    expired: frozenset[str]
    actors: tuple[Actor, ...]
    ledger: Ledger
    # What no store knows after a restore: that the point of no return was committed once.
    has_left: bool
    backup: Main | None
    # Whether the main database is older than what happened, because a backup was put in its place.
    is_restored: bool
    is_serving: bool


EMPTY = Main(
    owner_count=2,
    role_alice=Role.OWNER,
    role_bob=Role.OWNER,
    account_alice=VERIFIED,
    account_bob=VERIFIED,
    account_twin=GONE,
    claim_alice=LIVE,
    claim_twin=GONE,
    is_reserved=False,
    key=0,
    request_alice=RequestState.OPEN,
    request_bob=RequestState.OPEN,
    code=UNUSED,
    reasons=0,
    step_tell=None,
    step_cut=None,
    step_forget=None,
    told=0,
    notice=GONE,
    is_notice_leased=False,
    is_account_locked=False,
    is_organization_locked=False,
    is_destroyed=False,
    fence=False,
    end=GONE,
    owed=frozenset(),
)

STEPS = ("step_tell", "step_cut", "step_forget")
SETTLED_NOTICES = frozenset({NoticeState.DELIVERED, NoticeState.REFUSED, NoticeState.GIVEN_UP})
