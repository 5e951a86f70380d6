"""Before and at the point of no return: owners, claims, a sign-up in flight, a request under way."""

from adieu.deletion.models import RequestState, StepState
from adieu.tenancy.models import Role
from tests.protocol.database import Programs, Refused, View, Waits, stands_for
from tests.protocol.state import GONE, LIVE, RETIRED, TWICE, UNVERIFIED, USED, VERIFIED, Bug, Step

OTHER = {"alice": "bob", "bob": "alice"}
# Who signs up with the same address.
NAMESAKE = {"alice": "twin", "twin": "alice"}
SEEN = "seen"


def set_role(db: View, who: str, role: str) -> None:
    """Write a membership; the trigger counts in the same statement, and the check refuses the last one."""
    difference = (role == Role.OWNER) - (db.get(f"role_{who}") == Role.OWNER)
    if difference and not db.has(Bug.COUNT_LEFT_BEHIND):
        db.lock("owner_count")
        if db.main.owner_count + difference < 1 and not db.has(Bug.NO_CHECK_ON_OWNERS):
            raise Refused
        db.write(owner_count=db.main.owner_count + difference)
    db.write(**{f"role_{who}": role})


@stands_for("adieu.deletion.verification.lock_verification")
def lock_request(db: View) -> None:
    row = f"request_{db.who}"
    if not db.has(Bug.CODE_NOT_USED_UP):
        db.lock(row)
    # Whoever is not signed in does not come so far.
    if db.get(row) != RequestState.OPEN or db.get(f"account_{db.who}") != VERIFIED:
        raise Refused


@stands_for("adieu.accounts.keeper.AccountsKeeper.lock")
def lock_account(db: View) -> None:
    db.lock(f"account_{db.who}")


@stands_for("adieu.identities.keeper.IdentitiesKeeper.lock")
def lock_claims(db: View) -> None:
    if db.who == "alice":
        db.lock("claim_alice")


@stands_for("adieu.tenancy.keeper.TenancyKeeper.lock")
def lock_organization(db: View) -> None:
    if not db.has(Bug.NO_LOCK_ON_ORGANIZATION):
        db.lock("owner_count")


@stands_for("adieu.tenancy.keeper.TenancyKeeper.lock")
def lock_membership(db: View) -> None:
    # Not there, unless the protocol is broken.
    db.lock(f"role_{db.who}")


@stands_for("adieu.deletion.crossing.cross")
def find_blockers(db: View) -> None:
    if db.get(f"role_{db.who}") == Role.OWNER and db.main.owner_count == 1:
        raise Refused


@stands_for("adieu.deletion.verification.use_up")
def use_up(db: View) -> None:
    if db.who == "alice" and db.main.code == USED:
        raise Refused
    if db.who == "alice" and not db.has(Bug.CODE_NOT_USED_UP):
        db.write(code=USED)


@stands_for("adieu.tenancy.ownership.end_all")
def end_memberships(db: View) -> None:
    if db.get(f"role_{db.who}"):
        set_role(db, db.who, GONE)


@stands_for("adieu.identities.operations.retire")
def retire_claims(db: View) -> None:
    if db.who != "alice" or db.has(Bug.CLAIM_AFTER_COMMIT) or db.main.claim_alice != LIVE:
        return
    if db.has(Bug.RESERVE_AND_DELETE):
        db.write(claim_alice=GONE, is_reserved=True)
    else:
        db.write(claim_alice=RETIRED)


@stands_for("adieu.accounts.erasing.erase_account")
def erase_account(db: View) -> None:
    if db.who == "alice" and db.main.key:
        db.write(key=0)
    db.write(**{f"account_{db.who}": GONE})
    if db.has(Bug.ERASE_BEFORE_COMMIT) and db.who == "alice":
        db.outside["vault"] = GONE


@stands_for("adieu.deletion.crossing.cross")
def write_steps(db: View) -> None:
    db.write(**{f"request_{db.who}": RequestState.ERASING})
    if db.who == "alice":
        db.write(reasons=min(db.main.reasons + 1, TWICE))
    if db.who == "alice" and not db.has(Bug.STEPS_AFTER_COMMIT):
        new_steps(db)


def new_steps(db: View) -> None:
    """Declare the work for afterwards."""
    db.write(step_tell=Step(StepState.WAITING), step_cut=Step(StepState.WAITING))


@stands_for("adieu.deletion.crossing.confirm")
def commit(db: View) -> None:
    # The check of the foreign keys: a row that is written for an account that is going waits for that to end.
    refers_to_alice = dict(db.actor.changes).get("key")
    if refers_to_alice and not db.has(Bug.NO_FOREIGN_KEY):
        if db.is_locked_by_another("account_alice"):
            raise Waits
        if db.state.main.account_alice == GONE:
            raise Refused
    is_claim_without_account = db.main.claim_twin == LIVE and db.main.account_twin == GONE
    if is_claim_without_account and not db.has(Bug.NO_FOREIGN_KEY):
        raise Refused
    db.commit()


@stands_for("adieu.deletion.crossing.confirm")
def after_commit(db: View) -> None:
    # Nothing, unless the protocol is broken.
    if db.who == "alice" and db.has(Bug.STEPS_AFTER_COMMIT):
        new_steps(db)
    if db.who == "alice" and db.has(Bug.CLAIM_AFTER_COMMIT):
        db.write(claim_alice=RETIRED)
    db.commit()


@stands_for("adieu.tenancy.ownership.lock_for")
def may_manage(db: View) -> None:
    if db.get(f"role_{db.who}") != Role.OWNER:
        raise Refused


@stands_for("adieu.tenancy.ownership.lock_organizations")
def lock_owners(db: View) -> None:
    if not db.has(Bug.NO_LOCK_ON_ORGANIZATION):
        db.lock("owner_count")


@stands_for("adieu.tenancy.ownership.lock_for")
def may_still_manage(db: View) -> None:
    if db.get(f"role_{db.who}") != Role.OWNER:
        raise Refused


@stands_for("adieu.tenancy.ownership.change_role")
def demote_other(db: View) -> None:
    other = OTHER[db.who]
    if db.get(f"role_{other}") != Role.OWNER or db.main.owner_count == 1:
        raise Refused
    set_role(db, other, Role.MEMBER)


@stands_for("adieu.tenancy.ownership.change_role")
def promote_other(db: View) -> None:
    other = OTHER[db.who]
    if db.get(f"role_{other}") != Role.MEMBER:
        raise Refused
    set_role(db, other, Role.OWNER)


@stands_for("adieu.tenancy.ownership.change_role")
def demote_oneself(db: View) -> None:
    if db.main.owner_count == 1:
        raise Refused
    set_role(db, db.who, Role.MEMBER)


@stands_for("adieu.tenancy.ownership.lock_for")
def is_member(db: View) -> None:
    if not db.get(f"role_{db.who}"):
        raise Refused


@stands_for("adieu.tenancy.blockers.in_organization")
def is_not_last(db: View) -> None:
    if not db.get(f"role_{db.who}") or (db.get(f"role_{db.who}") == Role.OWNER and db.main.owner_count == 1):
        raise Refused


@stands_for("adieu.tenancy.ownership.end")
def end_own(db: View) -> None:
    set_role(db, db.who, GONE)


@stands_for("adieu.tenancy.ownership.end")
def end_other(db: View) -> None:
    other = OTHER[db.who]
    if not db.get(f"role_{other}") or (db.get(f"role_{other}") == Role.OWNER and db.main.owner_count == 1):
        raise Refused
    set_role(db, other, GONE)


@stands_for("adieu.accounts.addresses.watch_saves")
def hold_account(db: View) -> None:
    row = f"account_{db.who}"
    db.lock(row)
    if db.get(row) != UNVERIFIED:
        raise Refused


@stands_for("adieu.identities.queries.claims_on")
def look_at_claims(db: View) -> None:
    if db.main.is_reserved:
        raise Refused
    if not db.has(Bug.RESERVE_AND_DELETE) and (db.main.claim_alice or db.main.claim_twin):
        raise Refused


@stands_for("adieu.identities.operations.claim")
def insert_claim(db: View) -> None:
    if db.has(Bug.NO_UNIQUE_INDEX):
        db.write(**{f"claim_{db.who}": LIVE})
        return
    # A key that another transaction is inserting: the insert waits for how that ends.
    if any(
        (changes := dict(other.changes)).get("claim_alice") == LIVE or changes.get("claim_twin") == LIVE
        for place, other in enumerate(db.state.actors)
        if place != db.me
    ):
        raise Waits
    if db.main.claim_alice or db.main.claim_twin:
        raise Refused
    db.write(**{f"claim_{db.who}": LIVE})


@stands_for("adieu.accounts.addresses.watch_saves")
def save_verified(db: View) -> None:
    db.write(**{f"account_{db.who}": VERIFIED})


@stands_for("adieu.accounts.queries.unverified_with")
def look_for_namesakes(db: View) -> None:
    # Of an address that somebody verified, or that is retired, a sign-up is only rehearsed.
    is_known = db.main.claim_alice or db.main.claim_twin or db.main.is_reserved
    if db.get(f"account_{db.who}") != GONE or is_known:
        raise Refused
    is_there = db.get(f"account_{NAMESAKE[db.who]}") == UNVERIFIED
    db.actor = db.actor._replace(token=SEEN if is_there else GONE)


@stands_for("adieu.accounts.operations.register")
def register(db: View) -> None:
    # A trigger refuses a retired address, whatever the look beforehand found.
    if db.main.claim_alice == RETIRED:
        raise Refused
    namesake = f"account_{NAMESAKE[db.who]}"
    if db.actor.token == SEEN:
        # Locked, and looked at again: a code that was being entered is seen.
        db.lock(namesake)
        if db.get(namesake) == UNVERIFIED:
            db.write(**{namesake: GONE})
    db.write(**{f"account_{db.who}": UNVERIFIED})
    db.commit()


@stands_for("adieu.deletion.requests.open_request")
def open_request(db: View) -> None:
    if db.main.account_alice != VERIFIED or db.main.request_alice:
        raise Refused
    db.write(request_alice=RequestState.OPEN)
    db.commit()


@stands_for("adieu.accounts.operations.sweep_unverified")
def lock_unverified(db: View) -> None:
    if not db.has(Bug.NO_ACCOUNT_LOCK_AT_SWEEP):
        db.lock("account_twin")
    if db.main.account_twin != UNVERIFIED:
        raise Refused


@stands_for("adieu.accounts.operations.sweep_unverified")
def erase_unverified(db: View) -> None:
    # With the lock nothing changed since; without it, whoever verified a moment ago is erased all the same.
    db.write(account_twin=GONE)


@stands_for("adieu.accounts.session_store.SessionStore.save")
def is_signed_in(db: View) -> None:
    if db.main.account_alice != VERIFIED or db.main.key:
        raise Refused


@stands_for("adieu.accounts.session_store.SessionStore.save")
def write_key(db: View) -> None:
    db.write(key=1)


MANAGING = (may_manage, lock_owners, may_still_manage)
CROSSING = (
    lock_request,
    lock_account,
    lock_claims,
    lock_organization,
    find_blockers,
    use_up,
    end_memberships,
    retire_claims,
    erase_account,
    write_steps,
    commit,
)
AFTERWARDS = {Bug.STEPS_AFTER_COMMIT, Bug.CLAIM_AFTER_COMMIT}


def programs(bugs: frozenset[Bug]) -> Programs:
    """Give what people do, statement by statement."""
    before = (lock_membership,) if Bug.LOCKS_UPSIDE_DOWN in bugs else ()
    after = (after_commit,) if bugs & AFTERWARDS else ()
    return {
        "confirm": (*before, *CROSSING, *after),
        "demote": (*MANAGING, demote_other, commit),
        "promote": (*MANAGING, promote_other, commit),
        "step down": (*MANAGING, demote_oneself, commit),
        "remove": (*MANAGING, end_other, commit),
        "leave": (is_member, lock_owners, is_not_last, end_own, commit),
        "sign up": (look_for_namesakes, register),
        "ask": (open_request,),
        "verify": (hold_account, look_at_claims, insert_claim, save_verified, commit),
        "sweep": (lock_unverified, erase_unverified, commit),
        "add key": (is_signed_in, write_key, commit),
    }
