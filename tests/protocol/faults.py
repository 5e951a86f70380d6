"""What happens to actors: crashes, stalls, failures, restores."""

from collections.abc import Iterator

from adieu.deletion.models import StepState
from tests.protocol.database import idle, put
from tests.protocol.erasing import SERVER_HAS_IT
from tests.protocol.explorer import Label
from tests.protocol.state import NEWEST, ROLES, STEPS, Bug, State, Step


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
    backup = state.backup
    if backup is None or state.is_restored:
        return
    # Of the moment between fence and deletion: kept, the fence would look like a kill there.
    fence = backup.fence and Bug.RESTORE_KEEPS_FENCE in bugs
    # A line that was appended since is known again by its id.
    known = {ROLES} if state.ledger.bob else set()
    yield (
        Label("machine", "restores the backup", is_fault=True),
        state._replace(
            main=backup._replace(owed=backup.owed - known, fence=fence),
            actors=tuple(idle(actor) for actor in state.actors),
            expired=frozenset(),
            is_restored=True,
            is_serving=Bug.SERVE_BEFORE_REPLAY in bugs,
        ),
    )
