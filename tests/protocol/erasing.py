"""After the point of no return: workers with leases and epochs, the last mail, completion (Rules D8, D9)."""

from adieu.deletion.models import RequestState, StepState
from adieu.notices.models import NoticeState
from tests.protocol.database import Programs, Refused, Statement, View, Waits, stands_for
from tests.protocol.state import CUT_DOWN, FULL, GONE, NEWEST, OVERTAKEN, SETTLED_NOTICES, TWICE, Bug, Step

# Where a worker stands that has handed the mail over and not yet settled it.
SERVER_HAS_IT = 3
FIRST_STEPS = ("step_tell", "step_cut")


def claim(row: str) -> Statement:
    @stands_for("adieu.deletion.queue.claim_step")
    def claim(db: View) -> None:
        step: Step | None = db.get(row)
        is_abandoned = step is not None and step.state == StepState.RUNNING and row in db.state.expired
        # SKIP LOCKED: who is inside an effect's transaction cannot be overtaken.
        if step is None or db.is_locked_by_another(row):
            raise Waits
        if step.state != StepState.WAITING and not is_abandoned:
            raise Waits
        if is_abandoned and step.is_worn:
            # A step that ends its worker each time must not do so for ever.
            db.write(**{row: Step(StepState.STUCK)})
            db.commit()
            db.is_over = True
            return
        db.write(**{row: Step(StepState.RUNNING, is_worn=step.is_worn or is_abandoned)})
        db.commit()
        db.outside["expired"] = db.state.expired - {row}
        db.overtake(row)

    return claim


def hold(row: str) -> Statement:
    @stands_for("adieu.deletion.queue.hold")
    def hold(db: View) -> None:
        if db.has(Bug.NO_FENCING):
            return
        if not db.has(Bug.FENCE_BEFORE_EFFECT):
            db.lock(row)
        if not _is_held(db, row):
            raise Refused

    return hold


def settle(row: str) -> Statement:
    @stands_for("adieu.deletion.queue.finish_step")
    def settle(db: View) -> None:
        db.lock(row)
        is_running = db.get(row) is not None and db.get(row).state == StepState.RUNNING
        if not (is_running if db.has(Bug.LEASE_WITHOUT_EPOCH) else _is_held(db, row)):
            raise Refused
        db.write(**{row: Step(StepState.DONE)})

    return settle


def _is_held(db: View, row: str) -> bool:
    return db.actor.token == NEWEST and db.get(row) is not None and db.get(row).state == StepState.RUNNING


@stands_for("adieu.tenancy.keeper.TenancyKeeper.run")
def tell_owners(db: View) -> None:
    # The mail is owed under a name, so that whoever comes again owes nothing.
    if db.has(Bug.EFFECT_WITHOUT_NAME) or not db.main.told:
        db.write(told=min(db.main.told + 1, TWICE))


@stands_for("adieu.vault.keeper.VaultKeeper.run")
def cut_down(db: View) -> None:
    if db.state.vault == FULL:
        db.outside["vault"] = CUT_DOWN


@stands_for("adieu.deletion.farewell.FarewellKeeper.run")
def erase_address(db: View) -> None:
    if db.main.notice not in SETTLED_NOTICES and not db.has(Bug.ADDRESS_BEFORE_MAIL):
        # NotYet: the step is put back, which is no failure.
        if _is_held(db, "step_forget"):
            db.write(step_forget=Step(StepState.WAITING))
            db.commit()
        db.is_over = True
        return
    db.outside["vault"] = GONE


@stands_for("adieu.deletion.queue.finish_step")
def commit(db: View) -> None:
    db.commit()


@stands_for("adieu.deletion.farewell.complete_if_done")
def lock_request(db: View) -> None:
    if not db.has(Bug.COMPLETION_WITHOUT_LOCK):
        db.lock("request_alice")


@stands_for("adieu.deletion.farewell.complete_if_done")
def complete_if_done(db: View) -> None:
    steps = [db.get(row) for row in FIRST_STEPS]
    enough = any if db.has(Bug.COMPLETION_AFTER_ONE) else all
    is_done = enough(step is not None and step.state == StepState.DONE for step in steps)
    if db.main.request_alice != RequestState.ERASING or not is_done:
        return
    if db.has(Bug.MAIL_BEFORE_COMMIT):
        db.outside["copies"] = min(db.state.copies + 1, TWICE)
    db.write(
        request_alice=RequestState.COMPLETED, notice=NoticeState.OWED, step_forget=Step(StepState.WAITING)
    )


@stands_for("adieu.notices.delivery.deliver_due")
def lease_mail(db: View) -> None:
    is_free = not db.main.is_notice_leased or "notice" in db.state.expired
    if db.main.notice != NoticeState.OWED or not (is_free or db.has(Bug.NO_LEASE_ON_MAIL)):
        raise Waits
    db.write(is_notice_leased=True)
    db.commit()
    db.outside["expired"] = db.state.expired - {"notice"}
    # Rule D8, the one exception: the server has the mail, and whoever handed it over did not write that down.
    # A stall there that is longer than the lease is the same as a kill.
    if is_free and any(other.program == "notice" and other.at == SERVER_HAS_IT for other in db.state.actors):
        db.outside["is_copy_excused"] = True
    db.overtake("notice")


@stands_for("adieu.notices.delivery.deliver_due")
def look_again(db: View) -> None:
    if db.actor.token == OVERTAKEN or db.main.notice != NoticeState.OWED:
        raise Refused


@stands_for("adieu.notices.delivery.deliver_due")
def hand_over(db: View) -> None:
    # A mail server knows no epochs: whoever stalled after the last look hands over all the same.
    if db.actor.token == OVERTAKEN:
        db.outside["is_copy_excused"] = True
    # It was written when the look was taken; that the address is erased meanwhile stops it no more.
    db.outside["copies"] = min(db.state.copies + 1, TWICE)


@stands_for("adieu.notices.delivery.deliver_due")
def settle_mail(db: View) -> None:
    # A final outcome is written by whoever has one, late or not: what the server took, it took.
    if db.main.notice == NoticeState.OWED:
        db.write(notice=NoticeState.DELIVERED, is_notice_leased=False)
    db.commit()


def _finishing(row: str, bugs: frozenset[Bug]) -> tuple[Statement, ...]:
    completing = (lock_request, complete_if_done)
    if Bug.COMPLETION_BEFORE_LAST_STEP in bugs:
        return (*completing, settle(row), commit)
    if Bug.COMPLETION_AFTER_COMMIT in bugs:
        return (settle(row), commit, *completing, commit)
    return (settle(row), *completing, commit)


def _program(row: str, effect: tuple[Statement, ...], bugs: frozenset[Bug]) -> tuple[Statement, ...]:
    if Bug.SETTLE_BEFORE_EFFECT in bugs:
        return (claim(row), *_finishing(row, bugs), *effect)
    return (claim(row), *effect, *_finishing(row, bugs))


def programs(bugs: frozenset[Bug]) -> Programs:
    """Give what workers do, statement by statement."""
    fence = (hold("step_tell"), commit) if Bug.FENCE_BEFORE_EFFECT in bugs else (hold("step_tell"),)
    return {
        "step_tell": _program("step_tell", (*fence, tell_owners, commit), bugs),
        "step_cut": _program("step_cut", (cut_down,), bugs),
        "step_forget": (claim("step_forget"), erase_address, settle("step_forget"), commit),
        "notice": (lease_mail, look_again, hand_over, settle_mail),
    }
