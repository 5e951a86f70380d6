"""What happens to actors: crashes, stalls, failures, restores; and the ledger that survives them.

The ledger around the point of no return and the restore (Rules L1, L2) are checked ahead of their code.
"""

from collections.abc import Iterator

from adieu.deletion.models import RequestState, StepState
from adieu.tenancy.models import Role
from tests.protocol.database import Programs, Refused, View, idle, put, stands_for
from tests.protocol.erasing import SERVER_HAS_IT
from tests.protocol.explorer import Label
from tests.protocol.leaving import new_steps
from tests.protocol.state import (
    ABORTED,
    CONFIRMED,
    GONE,
    HELD,
    INTENT,
    NEWEST,
    RETIRED,
    STEPS,
    VERIFIED,
    Bug,
    State,
    Step,
)

AHEAD = "ahead: "


def crash(state: State, me: int) -> Iterator[tuple[Label, State]]:
    """Kill an actor: what it had not committed is gone, what it did outside stays."""
    actor = state.actors[me]
    if actor.program:
        # Rule D8, the one exception: the server has the mail, and nobody wrote that down.
        is_unwritten = actor.program == "notice" and actor.at == SERVER_HAS_IT
        after = put(state, me, idle(actor))
        yield (
            Label(actor.name, "is killed", is_fault=True),
            after._replace(is_copy_excused=after.is_copy_excused or is_unwritten),
        )


def fail(state: State, me: int, bugs: frozenset[Bug]) -> Iterator[tuple[Label, State]]:
    """Let a step's work raise: the step is put back, or is stuck when it did so too often."""
    actor = state.actors[me]
    if actor.program not in STEPS or actor.changes:
        return
    step: Step | None = getattr(state.main, actor.program)
    after = put(state, me, idle(actor))
    is_held = actor.token == NEWEST or Bug.LEASE_WITHOUT_EPOCH in bugs
    if step is not None and step.state == StepState.RUNNING and is_held:
        after = after._replace(main=after.main._replace(**{actor.program: put_back(step)}))  # type: ignore[arg-type]
        after = after._replace(has_late_change=state.has_late_change or actor.token != NEWEST)
    yield Label(actor.name, f"{actor.program}: fails", is_fault=True), after


def put_back(step: Step) -> Step:
    """Give the row of a step that failed."""
    return Step(StepState.STUCK) if step.is_worn else Step(StepState.WAITING, is_worn=True)


def pass_time(state: State) -> Iterator[tuple[Label, State]]:
    """Let a lease run out; that a worker stalls is that the others go on."""
    for row in (*STEPS, "notice"):
        if row not in state.expired and _is_leased(state, row):
            yield Label("time", f"the lease of {row} ends"), state._replace(expired=state.expired | {row})


def forget_ended_leases(state: State) -> State:
    """Leave out that a lease is over which nobody has any more."""
    expired = frozenset(row for row in state.expired if _is_leased(state, row))
    return state if expired == state.expired else state._replace(expired=expired)


def _is_leased(state: State, row: str) -> bool:
    if row == "notice":
        return state.main.is_notice_leased
    step: Step | None = getattr(state.main, row)
    return step is not None and step.state == StepState.RUNNING


def beat(state: State, me: int) -> Iterator[tuple[Label, State]]:
    """Let a worker renew the lease of a step that nobody took from it."""
    actor = state.actors[me]
    if actor.program in STEPS and actor.token == NEWEST and actor.program in state.expired:
        beaten = state._replace(expired=state.expired - {actor.program})
        yield Label(actor.name, f"{actor.program}: renews its lease"), beaten


def help_stuck(state: State, bugs: frozenset[Bug]) -> Iterator[tuple[Label, State]]:
    """Let the operator start a stuck step again."""
    for row in STEPS:
        step: Step | None = getattr(state.main, row)
        if step is None or any(row in actor.locks for actor in state.actors):
            continue
        if step.state == StepState.STUCK and Bug.STEP_GIVEN_UP not in bugs:
            again = state.main._replace(**{row: Step(StepState.WAITING)})  # type: ignore[arg-type]
            yield Label("operator", f"{row}: starts it again"), state._replace(main=again)


def keep_backup(state: State) -> Iterator[tuple[Label, State]]:
    """Copy the main database as it is committed."""
    if state.backup is None:
        yield Label("machine", "takes a backup"), state._replace(backup=state.main)


def restore(state: State, bugs: frozenset[Bug]) -> Iterator[tuple[Label, State]]:
    """Put the backup in the place of the main database; everything was stopped for it."""
    if state.backup is not None and not state.is_restored:
        yield (
            Label("machine", "restores the backup", is_fault=True),
            state._replace(
                main=state.backup,
                actors=tuple(idle(actor) for actor in state.actors),
                expired=frozenset(),
                is_restored=True,
                is_serving=Bug.SERVE_BEFORE_REPLAY in bugs,
            ),
        )


@stands_for(AHEAD + "Rule L1, the intent before the transaction")
def append_intent(db: View) -> None:
    if db.main.request_alice != RequestState.OPEN or db.main.account_alice != VERIFIED:
        raise Refused
    if db.state.ledger != CONFIRMED:
        db.outside["ledger"] = INTENT


@stands_for(AHEAD + "Rule L1, the word after the transaction")
def append_confirmed(db: View) -> None:
    db.outside["ledger"] = CONFIRMED


@stands_for(AHEAD + "Rule L1, settling open intents at the start")
def settle_intent(db: View) -> None:
    if db.state.ledger != INTENT:
        raise Refused
    if db.has(Bug.ABORT_WITHOUT_FENCE):
        db.outside["ledger"] = CONFIRMED if db.main.account_alice == GONE else ABORTED
        db.is_over = True
        return
    # Waits for a transaction that is under way; one that has not begun finds no open request any more.
    db.lock("request_alice")
    if db.main.request_alice in {RequestState.ERASING, RequestState.COMPLETED}:
        db.outside["ledger"] = CONFIRMED
        db.is_over = True
    elif db.main.request_alice == RequestState.OPEN:
        db.write(request_alice=RequestState.ENDED)


@stands_for(AHEAD + "Rule L1, settling open intents at the start")
def end_request(db: View) -> None:
    db.commit()


@stands_for(AHEAD + "Rule L1, settling open intents at the start")
def append_aborted(db: View) -> None:
    if db.state.ledger == INTENT:
        db.outside["ledger"] = ABORTED


@stands_for(AHEAD + "Rule L2, the replay")
def replay(db: View) -> None:
    if db.state.ledger == CONFIRMED:
        _erase_again(db)
    elif db.state.ledger == INTENT and db.has(Bug.GUESS_OPEN_INTENT):
        db.outside["ledger"] = ABORTED
    elif db.state.ledger == INTENT:
        db.write(is_account_locked=True)
        if db.main.claim_alice == GONE and not db.has(Bug.NO_LOCK_ON_HELD_ADDRESS):
            db.write(claim_alice=HELD)


@stands_for(AHEAD + "Rule L2, the replay")
def commit_replay(db: View) -> None:
    db.commit()


@stands_for(AHEAD + "Rule L2, serving after the replay")
def serve(db: View) -> None:
    db.outside["is_serving"] = True


@stands_for(AHEAD + "Rule L1, the operator decides")
def decide_to_erase(db: View) -> None:
    if not db.main.is_account_locked:
        raise Refused
    db.outside["ledger"] = CONFIRMED
    _erase_again(db)
    db.write(is_account_locked=False)


def _erase_again(db: View) -> None:
    """Erase what the backup brought back; claim keys only retire."""
    if not db.has(Bug.REPLAY_WITHOUT_CLAIMS):
        db.write(claim_alice=RETIRED)
    if db.main.request_alice in {RequestState.ERASING, RequestState.COMPLETED}:
        return
    if db.main.role_alice == Role.OWNER and db.main.owner_count == 1:
        db.write(is_organization_locked=True)
    count = db.main.owner_count - (db.main.role_alice == Role.OWNER)
    db.write(owner_count=count, role_alice=GONE, account_alice=GONE, key=0)
    db.write(request_alice=RequestState.ERASING, reasons=1)
    new_steps(db)


def programs(bugs: frozenset[Bug], crossing: Programs) -> Programs:
    """Give what the ledger adds: words around the point of no return, settling, the replay."""
    confirm = crossing["confirm"]
    around = (append_intent, *confirm, append_confirmed)
    if Bug.INTENT_AFTER_COMMIT in bugs:
        around = (*confirm, append_intent, append_confirmed)
    if Bug.CONFIRMED_BEFORE_COMMIT in bugs:
        around = (append_intent, append_confirmed, *confirm)
    return {
        "confirm": around,
        "settle": (settle_intent, end_request, append_aborted),
        "replay": (replay, commit_replay, serve),
        "decide": (decide_to_erase, commit_replay),
    }
