"""The deletion protocol as states and actions; a scope says who takes part, so that a search has an end."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from adieu.deletion.models import RequestState, StepState
from tests.protocol import erasing, faults, leaving, ledger
from tests.protocol.database import Programs, advance
from tests.protocol.explorer import Label, Progress
from tests.protocol.invariants import COMPLETES, NO_CIRCLE, NO_DEAD_END, NO_INTENT_OPEN
from tests.protocol.state import EMPTY, FULL, GONE, RETIRED, USED, Actor, Bug, Ledger, Main, State, Step


@dataclass(frozen=True)
class Scope:
    """Who takes part, what they may do, which faults there are, and how it begins."""

    name: str
    # For each actor, the programs it may begin whenever it is idle.
    actors: tuple[tuple[str, tuple[str, ...]], ...]
    main: Main = EMPTY
    has_ledger: bool = False
    has_backup: bool = False
    has_failures: bool = True

    @property
    def possible(self) -> tuple[Progress[State], ...]:
        """Give what must stay reachable for those who take part."""
        programs = {program for _, allowed in self.actors for program in allowed}
        if "step_forget" in programs:
            return NO_CIRCLE, NO_DEAD_END
        if "step_tell" in programs:
            return NO_CIRCLE, COMPLETES
        return (NO_CIRCLE, NO_INTENT_OPEN) if "settle" in programs else (NO_CIRCLE,)

    def first(self) -> State:
        """Give the state that everything begins in."""
        return State(
            main=self.main,
            vault=FULL,
            copies=0,
            is_copy_excused=False,
            has_late_change=False,
            expired=frozenset(),
            actors=tuple(Actor(name) for name, _ in self.actors),
            ledger=Ledger(),
            has_left=_has_left(self.main),
            backup=None,
            is_restored=False,
            is_serving=True,
        )


def follow(scope: Scope, bugs: Iterable[Bug] = ()) -> Callable[[State], Iterator[tuple[Label, State]]]:
    """Give the function that tells what can follow a state in a scope, with some guards taken away."""
    taken = frozenset(bugs)
    programs = _programs(scope, taken)

    def successors(state: State) -> Iterator[tuple[Label, State]]:
        for label, reached in _successors(state, scope, programs, taken):
            after = faults.forget_ended_leases(reached)
            # What really happened, whatever a restore says later.
            yield label, after if after.has_left else after._replace(has_left=_has_left(after.main))

    return successors


def _has_left(main: Main) -> bool:
    return main.account_alice == GONE and main.request_alice in {RequestState.ERASING, RequestState.COMPLETED}


def _programs(scope: Scope, bugs: frozenset[Bug]) -> Programs:
    programs = leaving.programs(bugs) | erasing.programs(bugs)
    return programs | ledger.programs(bugs, programs) if scope.has_ledger else programs


def _successors(
    state: State, scope: Scope, programs: Programs, bugs: frozenset[Bug]
) -> Iterator[tuple[Label, State]]:
    for me, (actor, (_, allowed)) in enumerate(zip(state.actors, scope.actors, strict=True)):
        # Nothing is served before the replay, which is the machine's.
        if state.is_serving or actor.name == "machine":
            for program in (actor.program,) if actor.program else allowed:
                if program != "replay" or actor.program or (state.is_restored and not state.is_serving):
                    yield from advance(state, me, program, programs, bugs)
        yield from faults.crash(state, me)
        yield from faults.beat(state, me)
        if scope.has_failures:
            yield from faults.fail(state, me, bugs)
    yield from faults.pass_time(state)
    yield from faults.help_stuck(state, bugs)
    if scope.has_backup:
        yield from faults.keep_backup(state)
        yield from faults.restore(state, bugs)


WORK = ("step_tell", "step_cut", "step_forget", "notice")
MANAGING = ("demote", "promote", "step down", "remove", "leave")
JOINED = EMPTY._replace(request_bob=GONE)
STRANGER = JOINED._replace(
    owner_count=1, role_alice=GONE, account_alice=GONE, claim_alice=GONE, request_alice=GONE
)

# Two owners who may do everything to each other and both leave for good; no workers.
OWNERS = Scope(
    "two owners",
    (("alice", ("confirm", *MANAGING)), ("bob", ("confirm", *MANAGING))),
)
# An address that two sign up with, a sweep, a deletion, a request under way, and a second tab that confirms.
ADDRESSES = Scope(
    "one address",
    (
        ("alice", ("sign up", "verify", "ask", "confirm")),
        ("alice's other tab", ("confirm", "add key")),
        ("twin", ("sign up", "verify")),
        ("sweep", ("sweep",)),
    ),
    STRANGER,
)
# From the confirmation to the last byte, with workers that may be killed, stall and fail at any point.
ERASING = Scope(
    "two workers",
    (("alice", ("confirm",)), ("worker 1", WORK), ("worker 2", WORK)),
    JOINED,
)
CROSSED = JOINED._replace(
    owner_count=1,
    role_alice=GONE,
    account_alice=GONE,
    claim_alice=RETIRED,
    request_alice=RequestState.ERASING,
    code=USED,
    reasons=1,
    step_tell=Step(StepState.WAITING),
    step_cut=Step(StepState.WAITING),
)
# From the commit on; parts of the same, for mistakes that only a whole search finds.
FINISHING = Scope(
    "two workers and two steps",
    (("worker 1", WORK[:2]), ("worker 2", WORK[:2])),
    CROSSED,
    has_failures=False,
)
MAILING = Scope(
    "two workers and a mail",
    (("worker 1", WORK), ("worker 2", WORK[2:])),
    CROSSED,
    has_failures=False,
)
ONE_WORKER = Scope("one worker, from the commit on", (("worker 1", WORK),), CROSSED)
# Confirmations that are cut off, overtaken, cancelled and mistyped, and starts that settle them.
FENCES = Scope(
    "two confirmations and the ledger",
    (
        ("alice", ("confirm", "ask")),
        ("alice's other tab", ("confirm", "cancel", "mistype")),
        ("starting process", ("settle",)),
    ),
    JOINED,
    has_ledger=True,
)
OPERATING = ("replay", "say it happened", "say it had not")
RESTORING = Scope(
    "a restore",
    (
        ("alice", ("sign up", "verify", "ask", "confirm")),
        ("twin", ("sign up", "verify")),
        ("machine", OPERATING),
    ),
    STRANGER,
    has_ledger=True,
    has_backup=True,
)
# The backup may be of a moment at which Alice was alone in the organization.
RESTORING_OWNERS = Scope(
    "a restore with owners",
    (
        ("alice", ("admit", "confirm")),
        ("starting process", ("settle",)),
        ("machine", OPERATING),
    ),
    JOINED._replace(role_bob=GONE, owner_count=1),
    has_ledger=True,
    has_backup=True,
)
SCOPES = (OWNERS, ADDRESSES, ERASING, FENCES, RESTORING, RESTORING_OWNERS)

# What takes minutes.
THREE_WORKERS = Scope(
    "three workers, from the commit on",
    (("worker 1", WORK), ("worker 2", WORK), ("worker 3", WORK)),
    CROSSED,
)
TOGETHER = Scope(
    "owners, addresses and a worker together",
    (
        ("alice", ("confirm", "demote", "leave")),
        ("alice's other tab", ("confirm", "add key")),
        ("bob", ("demote", "promote", "leave")),
        ("twin", ("sign up", "verify")),
        ("worker 1", WORK),
    ),
    JOINED,
)
RESTORED_WORK = Scope(
    "a restore with a worker",
    (
        ("alice", ("confirm",)),
        ("machine", OPERATING),
        ("worker 1", WORK[:2]),
    ),
    JOINED,
    has_ledger=True,
    has_backup=True,
    has_failures=False,
)
LONG_SCOPES = (THREE_WORKERS, TOGETHER, RESTORED_WORK)
