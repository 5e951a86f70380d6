"""The ledger around a deletion, the start that settles what it leaves open, and the replay (Rules L1, L2).

Fences are kept as "the newest" and "a stale one", as epochs are. Of lines only that is kept which a later
start can ask for: open intents, the last word on Alice's deletion, what was said of Bob's role.
"""

from adieu.deletion.models import RequestState
from adieu.tenancy.models import Role
from tests.protocol.database import Programs, Refused, Statement, View, stands_for
from tests.protocol.leaving import commit, lock_owners, may_manage, may_still_manage, new_steps, set_role
from tests.protocol.state import (
    ABORTED,
    CONFIRMED,
    GONE,
    HELD,
    NEWEST,
    NO_LONGER,
    OVERTAKEN,
    RETIRED,
    ROLES,
    STALE,
    STALE_ABORTED,
    UNSETTLED,
    VERIFIED,
    Bug,
    Main,
)

# What a start found open. When there is a newer fence, what was the newest one is stale.
BOTH = "newest and stale"
FOUND = {
    frozenset(): GONE,
    frozenset({NEWEST}): NEWEST,
    frozenset({STALE}): STALE,
    frozenset({NEWEST, STALE}): BOTH,
}
LEFT = frozenset({RequestState.ERASING, RequestState.COMPLETED})


# A confirmation.


@stands_for("adieu.deletion.intents.intend")
def intend(db: View) -> None:
    db.lock("request_alice")
    if db.main.request_alice != RequestState.OPEN or db.main.account_alice != VERIFIED:
        raise Refused
    if db.main.is_account_locked:
        raise Refused
    if db.main.role_alice == Role.OWNER and db.main.owner_count == 1:
        raise Refused
    # What was the newest fence is a stale one from now on, also in the backup.
    ended = {STALE_ABORTED} if db.main.fence else set()
    stale = _with_stale_fence(db.main)
    db.write(fence=True, end=stale.end, owed=stale.owed | ended)
    db.commit()
    ledger = db.state.ledger
    if NEWEST in ledger.intents:
        db.outside["ledger"] = ledger._replace(intents=frozenset({STALE}))
    if db.state.backup:
        db.outside["backup"] = _with_stale_fence(db.state.backup)
    db.overtake("confirm", "settle")


def _with_stale_fence(main: Main) -> Main:
    owed = {STALE_ABORTED if line == ABORTED else line for line in main.owed}
    return main._replace(fence=False, end=GONE, owed=frozenset(owed))


@stands_for("adieu.deletion.intents.announce")
def tell_before(db: View) -> None:
    """Append what is owed, before the intent."""
    if not db.has(Bug.INTENT_BEFORE_OWED):
        _append(db)


@stands_for("adieu.deletion.intents.announce")
def append_intent(db: View) -> None:
    ledger = db.state.ledger
    fence = NEWEST if db.actor.token == NEWEST else STALE
    db.outside["ledger"] = ledger._replace(intents=ledger.intents | {fence})


@stands_for("adieu.deletion.intents.require_fence")
def require_fence(db: View) -> None:
    if not db.has(Bug.NO_FENCE) and not (db.main.fence and db.actor.token == NEWEST):
        raise Refused


@stands_for("adieu.deletion.intents.owe_confirmed")
def owe_confirmed(db: View) -> None:
    db.write(end=CONFIRMED, owed=db.main.owed | {CONFIRMED})


@stands_for("adieu.deletion.intents.tell")
def tell(db: View) -> None:
    if db.has(Bug.TELL_OUT_OF_ORDER) and CONFIRMED in db.main.owed:
        db.outside["ledger"] = db.state.ledger._replace(
            intents=db.state.ledger.intents - {NEWEST}, end=CONFIRMED
        )
        db.is_over = True
        return
    _append(db)


@stands_for("adieu.deletion.intents.tell")
def append_confirmed(db: View) -> None:
    """Only a mistaken design says so before the commit."""
    db.outside["ledger"] = db.state.ledger._replace(intents=db.state.ledger.intents - {NEWEST}, end=CONFIRMED)


@stands_for("adieu.ledger.owing.append_owed")
def append_owed(db: View) -> None:
    _append(db)


def _append(db: View) -> None:
    """Append every line that is owed, and note it; a line that is appended twice is known by its id."""
    ledger, owed = db.state.ledger, db.main.owed
    if owed:
        db.write(owed=frozenset())
        db.commit()
    if ROLES in owed:
        ledger = ledger._replace(bob=db.main.role_bob if db.main.role_bob == Role.OWNER else NO_LONGER)
    closed = {NEWEST} if owed & {ABORTED, CONFIRMED, UNSETTLED} else set()
    closed |= {STALE} if STALE_ABORTED in owed else set()
    end = next((word for word in (CONFIRMED, UNSETTLED) if word in owed), ledger.end)
    end = CONFIRMED if ledger.end == CONFIRMED else end
    ledger = ledger._replace(intents=ledger.intents - closed, end=end)
    if ledger != db.state.ledger:
        db.outside["ledger"] = ledger


@stands_for("adieu.deletion.requests.cancel")
def cancel(db: View) -> None:
    db.lock("request_alice")
    if db.main.request_alice != RequestState.OPEN:
        raise Refused
    if db.main.fence:
        _take_fence(db)
    db.write(request_alice=GONE)
    db.commit()


@stands_for("adieu.deletion.verification.refusal_of_code")
def mistype(db: View) -> None:
    """Enter a wrong code for the fifth time; the fence stays where it is."""
    db.lock("request_alice")
    if db.main.request_alice != RequestState.OPEN:
        raise Refused
    db.write(request_alice=RequestState.ENDED)
    db.commit()


def _take_fence(db: View) -> None:
    db.write(fence=False, end=ABORTED, owed=db.main.owed | {ABORTED})


# Settling.


@stands_for("adieu.ops.ledgers.catch_up")
def begin_to_settle(db: View) -> None:
    if not db.state.ledger.intents and not db.main.owed:
        raise Refused


@stands_for("adieu.ledger.replaying.take_in")
def look_for_intents(db: View) -> None:
    db.actor = db.actor._replace(token=FOUND[db.state.ledger.intents])


@stands_for("adieu.deletion.intents.give_up")
def give_up(db: View) -> None:
    """Take the fence away, if the deletion did not happen."""
    if db.actor.token not in {NEWEST, BOTH}:
        return
    db.lock("request_alice")
    kept_by_ended = db.has(Bug.ENDED_KEEPS_FENCE) and db.main.request_alice == RequestState.ENDED
    if not db.main.fence or db.main.request_alice in LEFT or kept_by_ended:
        db.commit()
    elif db.has(Bug.ABORT_WITHOUT_FENCE):
        db.write(owed=db.main.owed | {ABORTED})
        db.commit()
    else:
        _take_fence(db)
        db.commit()


@stands_for("adieu.deletion.intents.settle")
def settle(db: View) -> None:
    """Look for the end of an intent in the database; lock the account where there is none."""
    db.lock("request_alice")
    if db.actor.token in {NEWEST, BOTH}:
        _settle_newest(db)
    # The end of a stale one is known to whoever gave it up, unless that was restored away.
    is_known = db.state.is_serving or not db.state.is_restored or db.main.request_alice in LEFT
    is_open = db.actor.token in {STALE, BOTH, OVERTAKEN} and STALE in db.state.ledger.intents
    if is_open and is_known:
        db.write(owed=db.main.owed | {STALE_ABORTED})
    elif is_open:
        _settle_unknown(db)
    db.commit()


def _settle_newest(db: View) -> None:
    if db.main.end == ABORTED:
        # Unless the end stands behind the intent.
        if NEWEST in db.state.ledger.intents and not db.has(Bug.LATE_INTENT_LEFT_OPEN):
            db.write(owed=db.main.owed | {ABORTED})
    elif not db.main.end and db.main.request_alice in LEFT:
        # A later confirmation of the same request passed, so this one did not.
        db.write(end=ABORTED, owed=db.main.owed | {ABORTED})
    elif not db.main.end and not (db.has(Bug.ABORT_WITHOUT_FENCE) and db.main.fence):
        _settle_unknown(db)


def _settle_unknown(db: View) -> None:
    if db.has(Bug.GUESS_OPEN_INTENT):
        db.write(end=ABORTED, owed=db.main.owed | {ABORTED, STALE_ABORTED})
        return
    db.write(is_account_locked=True, end=UNSETTLED, owed=db.main.owed | {UNSETTLED})
    is_free = db.main.claim_alice == GONE and db.main.claim_twin == GONE
    if is_free and not db.has(Bug.NO_LOCK_ON_HELD_ADDRESS):
        db.write(claim_alice=HELD)


@stands_for("adieu.deletion.unsettled.settle")
def say_it_happened(db: View) -> None:
    # The operator finds out what was.
    if not db.main.is_account_locked or not db.state.has_left:
        raise Refused
    _erase_again(db)
    db.write(is_account_locked=False, end=CONFIRMED, owed=db.main.owed | {CONFIRMED})
    db.commit()


@stands_for("adieu.deletion.unsettled.settle")
def say_it_had_not(db: View) -> None:
    if not db.main.is_account_locked or db.state.has_left:
        raise Refused
    if db.main.claim_alice == HELD:
        db.write(claim_alice=GONE)
    db.write(is_account_locked=False, end=ABORTED, owed=db.main.owed | {ABORTED})
    db.commit()


# The replay.


@stands_for("adieu.tenancy.replaying.replay_owner_made")
def replay_roles(db: View) -> None:
    """Make Bob again what the ledger says that he is."""
    if db.state.ledger.bob == Role.OWNER and db.main.role_bob != Role.OWNER and not db.main.is_destroyed:
        set_role(db, "bob", Role.OWNER)
        db.write(is_organization_locked=False)
    is_demoted = db.state.ledger.bob == NO_LONGER and db.main.role_bob == Role.OWNER
    if is_demoted and db.main.owner_count > 1:
        set_role(db, "bob", Role.MEMBER)
    db.commit()


@stands_for("adieu.deletion.replaying.replay_confirmed")
def replay_confirmed(db: View) -> None:
    if db.state.ledger.end == CONFIRMED and db.main.request_alice not in LEFT:
        _erase_again(db)
        db.write(end=CONFIRMED)
    db.commit()


@stands_for("adieu.ops.ledgers.open_and_catch_up")
def serve(db: View) -> None:
    db.outside["is_serving"] = True


def _erase_again(db: View) -> None:
    """Erase what the backup brought back; claim keys only retire, whoever holds them."""
    if not db.has(Bug.REPLAY_WITHOUT_CLAIMS):
        db.write(claim_alice=RETIRED)
    if db.main.role_alice == Role.OWNER and db.main.owner_count == 1:
        db.write(**{"is_organization_locked" if db.main.role_bob else "is_destroyed": True})
    count = db.main.owner_count - (db.main.role_alice == Role.OWNER)
    db.write(owner_count=count, role_alice=GONE, account_alice=GONE, key=0)
    db.write(request_alice=RequestState.ERASING, reasons=1)
    new_steps(db)


# Owners.


@stands_for("adieu.tenancy.ownership.admit")
def admit_bob(db: View) -> None:
    if db.main.role_bob:
        raise Refused
    set_role(db, "bob", Role.OWNER)


@stands_for("adieu.ledger.owing.owe_line")
def owe_line(db: View) -> None:
    db.write(owed=db.main.owed | {ROLES})


SETTLING = (look_for_intents, give_up, settle, append_owed)


def programs(bugs: frozenset[Bug], leaving: Programs) -> Programs:
    """Give what the ledger adds: lines around the point of no return, settling, the replay."""
    taking_in: tuple[Statement, ...] = (replay_roles, replay_confirmed)
    if Bug.REPLAY_OUT_OF_ORDER in bugs:
        taking_in = (replay_confirmed, replay_roles)
    return {
        "confirm": _around(bugs, leaving["confirm"]),
        "cancel": (cancel,),
        "mistype": (mistype,),
        "settle": (begin_to_settle, *SETTLING),
        "replay": (append_owed, *taking_in, *SETTLING, serve),
        "say it happened": (say_it_happened, append_owed),
        "say it had not": (say_it_had_not, append_owed),
        "admit": (may_manage, lock_owners, may_still_manage, admit_bob, owe_line, commit),
        "leave": (*leaving["leave"][:-1], owe_line, commit),
    }


def _around(bugs: frozenset[Bug], crossing: tuple[Statement, ...]) -> tuple[Statement, ...]:
    lock, *inside, end = crossing
    before: tuple[Statement, ...] = (tell_before, append_intent)
    after: tuple[Statement, ...] = (tell,)
    last: tuple[Statement, ...] = (owe_confirmed, end)
    if Bug.INTENT_AFTER_COMMIT in bugs:
        before, after = (), (append_intent, *after)
    if Bug.CONFIRMED_BEFORE_COMMIT in bugs:
        before = (*before, append_confirmed)
    if Bug.CONFIRMED_OWED_AFTER_COMMIT in bugs:
        last = (end, owe_confirmed, end)
    return (intend, *before, lock, require_fence, *inside, *last, *after)
