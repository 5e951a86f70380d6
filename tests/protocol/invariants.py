"""What must hold in every state, whatever happened: the rules of the domain, by their numbers."""

from adieu.deletion.models import RequestState, StepState
from adieu.tenancy.models import Role
from tests.protocol.explorer import Progress
from tests.protocol.state import (
    CONFIRMED,
    FULL,
    GONE,
    HELD,
    LIVE,
    NO_LONGER,
    RETIRED,
    ROLES,
    SETTLED_NOTICES,
    VERIFIED,
    State,
)

LEFT = frozenset({RequestState.ERASING, RequestState.COMPLETED})


def an_owner_at_every_committed_moment(state: State) -> bool:
    """Rule O2."""
    main = state.main
    has_one = Role.OWNER in {main.role_alice, main.role_bob}
    return has_one or main.is_organization_locked or main.is_destroyed


def the_count_is_the_owners(state: State) -> bool:
    """Rule O2: the number on the organization's row is how many owners there are."""
    main = state.main
    return main.owner_count == (main.role_alice, main.role_bob).count(Role.OWNER)


def one_row_for_an_address(state: State) -> bool:
    """Rule C1, C2: never two live claims, never a live and a retired one."""
    main = state.main
    return (main.claim_alice, main.claim_twin, main.is_reserved or GONE).count(GONE) >= 2


def a_verified_account_holds_its_claim(state: State) -> bool:
    """Rule C3, both ways."""
    main = state.main
    pairs = ((main.account_alice, main.claim_alice), (main.account_twin, main.claim_twin))
    return all((account == VERIFIED) == (claim == LIVE) for account, claim in pairs)


def all_or_nothing(state: State) -> bool:
    """Rule D6: account, claim, membership, request and steps change together."""
    main = state.main
    if main.request_alice not in LEFT:
        is_there = main.account_alice != GONE or not main.request_alice or state.is_restored
        return main.code != "used" and main.step_tell is None and is_there
    return (
        main.account_alice == GONE
        and main.role_alice == GONE
        and (main.claim_alice == RETIRED or main.is_reserved)
        and main.step_tell is not None
        and main.step_cut is not None
    )


def nobody_leaves_twice(state: State) -> bool:
    """Rules D4, D6: of two confirmations one passes, and the reason is counted once (Rule D3)."""
    return state.main.reasons <= 1


def nothing_of_the_vault_before_the_commit(state: State) -> bool:
    """Rule D6, P4: what the vault holds goes after the commit."""
    return state.vault == FULL or state.main.request_alice in LEFT or state.is_restored


def nothing_works_afterwards(state: State) -> bool:
    """Rule D7: no row of the person is there, or can still be committed, once the account is gone."""
    return not state.main.key or state.main.account_alice != GONE


def no_effect_twice(state: State) -> bool:
    """Rule D8, with its one exception for the second copy of a mail."""
    return state.main.told <= 1 and (state.copies <= 1 or state.is_copy_excused or state.is_restored)


def who_was_overtaken_changes_nothing(state: State) -> bool:
    """Rule D8: a worker that wakes up after its lease finds another epoch."""
    return not state.has_late_change


def done_means_done(state: State) -> bool:
    """Rule D8: a step is settled after its effect."""
    main = state.main
    is_told = not _is_done(main.step_tell) or main.told >= 1
    is_cut = not _is_done(main.step_cut) or state.vault != FULL
    return is_told and is_cut and (not _is_done(main.step_forget) or state.vault == GONE)


def completed_means_all_done(state: State) -> bool:
    """Rule D9."""
    main = state.main
    is_completed = main.request_alice == RequestState.COMPLETED
    all_done = _is_done(main.step_tell) and _is_done(main.step_cut) and main.step_forget is not None
    return (all_done and main.notice != GONE) if is_completed else main.notice == GONE


def the_address_goes_last(state: State) -> bool:
    """Rule D9: after completion, and after the last mail was settled."""
    is_over = state.main.request_alice == RequestState.COMPLETED and state.main.notice in SETTLED_NOTICES
    return state.vault != GONE or is_over or state.is_restored


def the_last_mail_tells_the_truth(state: State) -> bool:
    """Rule D9: "your account has been deleted" is handed over after completion is committed."""
    return not state.copies or state.main.request_alice == RequestState.COMPLETED or state.is_restored


def nobody_comes_back(state: State) -> bool:
    """Rules L1, L2, C2: once left, neither account nor address is anybody's while something is served."""
    if not (state.has_left and state.is_serving):
        return True
    main = state.main
    is_account_shut = main.account_alice == GONE or main.is_account_locked
    is_address_shut = main.claim_alice in {RETIRED, HELD} or main.is_reserved or main.is_account_locked
    return is_account_shut and is_address_shut and main.claim_twin != LIVE and main.account_twin != VERIFIED


def nobody_is_erased_who_did_not_leave(state: State) -> bool:
    """Rule L1: the ledger confirms only what was committed."""
    return state.ledger.end != CONFIRMED or state.has_left or state.is_restored


def only_a_restore_locks_anybody(state: State) -> bool:
    """Rule L1: whoever was not restored knows the end of each intent."""
    return not state.main.is_account_locked or state.is_restored


def what_was_handed_over_stays(state: State) -> bool:
    """Rule L2: Alice leaves when somebody else owns the organization, so a replay finds that owner."""
    main = state.main
    has_bob_left = state.ledger.bob == NO_LONGER or ROLES in main.owed
    return not (main.is_destroyed and state.has_left) or has_bob_left


def _is_done(step: object) -> bool:
    return getattr(step, "state", None) == StepState.DONE


RULES = {
    "Rule O2: an owner at every committed moment": an_owner_at_every_committed_moment,
    "Rule O2: the count is the owners": the_count_is_the_owners,
    "Rules C1, C2: one row for an address": one_row_for_an_address,
    "Rule C3: a verified account holds its claim": a_verified_account_holds_its_claim,
    "Rule D6: all or nothing": all_or_nothing,
    "Rules D4, D6: nobody leaves twice": nobody_leaves_twice,
    "Rules D6, P4: nothing of the vault goes before the commit": nothing_of_the_vault_before_the_commit,
    "Rule D7: nothing works afterwards": nothing_works_afterwards,
    "Rule D8: no effect twice": no_effect_twice,
    "Rule D8: who was overtaken changes nothing": who_was_overtaken_changes_nothing,
    "Rule D8: done means done": done_means_done,
    "Rule D9: completed means all done": completed_means_all_done,
    "Rule D9: the address goes last": the_address_goes_last,
    "Rule D9: the last mail tells the truth": the_last_mail_tells_the_truth,
    "Rules L1, L2: nobody comes back": nobody_comes_back,
    "Rule L1: nobody is erased who did not leave": nobody_is_erased_who_did_not_leave,
    "Rule L1: only a restore locks anybody": only_a_restore_locks_anybody,
    "Rule L2: what was handed over stays": what_was_handed_over_stays,
}


def is_over(state: State) -> bool:
    """Tell whether a deletion is completed and the last byte is gone."""
    main = state.main
    return main.request_alice == RequestState.COMPLETED and state.vault == GONE and _is_done(main.step_forget)


def is_quiet(state: State) -> bool:
    """Tell whether nobody is in the middle of anything, and everything is served."""
    return not any(actor.program for actor in state.actors) and state.is_serving


def is_completed(state: State) -> bool:
    """Tell whether a deletion is completed."""
    return state.main.request_alice == RequestState.COMPLETED


def has_left(state: State) -> bool:
    """Tell whether somebody crossed the point of no return."""
    return state.has_left


NO_CIRCLE = Progress("no circle of locks: everybody can come to an end", lambda _state: True, is_quiet)
COMPLETES = Progress("Rule D8: completion can be reached", has_left, is_completed)
NO_DEAD_END = Progress("Rule D8: completion and the end of the address can be reached", has_left, is_over)
NO_INTENT_OPEN: Progress[State] = Progress(
    "Rule L1: every intent can come to its end",
    lambda _state: True,
    lambda state: is_quiet(state) and not state.ledger.intents,
)
