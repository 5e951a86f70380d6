"""A trace of the model, played on the real code: after each move both must say the same."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import pairwise

from allauth.account.models import EmailAddress

from adieu.accounts.models import Account, Session
from adieu.deletion.models import DeletionRequest, ErasureStep, StepState
from adieu.deletion.queue import MOST_FAILURES
from adieu.identities.models import IdentityClaim
from adieu.identities.queries import key_for
from adieu.notices.models import Notice
from adieu.notices.outcomes import Outcome
from adieu.tenancy.models import Organization, Role
from adieu.tenancy.notices import INVITATIONS_ENDED
from adieu.vault import queries as vault
from tests.protocol import clerk, erasing, leaving
from tests.protocol.clerk import Clerk
from tests.protocol.crew import Crew
from tests.protocol.explorer import Label, Moment, tell
from tests.protocol.leaving import OTHER, SEEN
from tests.protocol.model import Scope
from tests.protocol.state import (
    CUT_DOWN,
    FULL,
    GONE,
    LIVE,
    RETIRED,
    STEPS,
    TWICE,
    UNVERIFIED,
    VERIFIED,
    Actor,
    State,
    Step,
)
from tests.protocol.world import REFUSALS, World

PROGRAMS = leaving.programs(frozenset()) | erasing.programs(frozenset())
WORKING = (*STEPS, "notice")

type Trace = tuple[Moment[State], ...]
type Move = Callable[[], object]


class Differs(AssertionError):
    """The code does something else than the model."""


def replay(trace: Trace, scope: Scope, now: datetime) -> int:
    """Play a trace; tell how many moves it had."""
    player = _Player(scope, now)
    for before, moment in pairwise(trace):
        assert moment.label
        try:
            has_acted = player.play(moment.label, before.state)
        except Exception as error:
            raise Differs("\n".join((*tell(trace), f"at {moment.label}: {error!r}"))) from error
        # Where nothing was done, nothing can have changed.
        if has_acted or committed(before.state) != committed(moment.state):
            differences = list(player.differences(moment.state))
            if differences:
                raise Differs("\n".join((*tell(trace), f"after {moment.label}:", *differences)))
    return len(trace) - 1


def committed(state: State) -> dict[str, object]:
    """Give what others can see."""
    ledger = {"intents": state.ledger.intents, "said": state.ledger.end}
    return state.main._asdict() | ledger | {"vault": state.vault, "copies": state.copies}


def without_beginnings(traces: Iterable[Trace]) -> list[Trace]:
    """Leave out what is only the beginning of another trace."""
    kept: list[Trace] = []
    begun: set[Trace] = set()
    for trace in sorted(traces, key=len, reverse=True):
        if trace not in begun:
            kept.append(trace)
            begun |= {trace[:length] for length in range(2, len(trace) + 1)}
    return kept


class _Player:
    """One world and its crew."""

    def __init__(self, scope: Scope, now: datetime) -> None:
        self.world = World(now, scope.main)
        self.crew = Crew(self.world)
        programs = {program for _, allowed in scope.actors for program in allowed}
        self.has_workers = bool(programs & set(WORKING))
        self.clerk = Clerk(self.world) if scope.has_ledger else None

    # One move.

    def play(self, label: Label, before: State) -> bool:
        """Do what the model did; tell whether there was anything to do."""
        if label.what == "is killed":
            return self.crew.hands.pop(label.who, None) is not None or self.clerk is not None
        program, _, rest = label.what.partition(": ")
        if label.who == "operator":
            self.crew.retry(program)
            return True
        actor = next((actor for actor in before.actors if actor.name == label.who), None)
        move = self._move(actor, program, rest, before) if actor else None
        if move:
            move()
        return move is not None

    def _move(self, actor: Actor, program: str, rest: str, before: State) -> Move | None:
        statement, _, refused = rest.partition(", ")
        if self.clerk and program in clerk.PROGRAMS:
            return _with_ledger(self.clerk, actor.name, statement, is_refused=bool(refused))
        is_last = actor.at + 1 == len(PROGRAMS[program])
        if program in WORKING:
            return self._work(actor, program, before, is_last=is_last, is_refused=bool(refused)).get(
                statement
            )
        operation = self._operation(actor, program)
        if refused:
            return partial(_expect_refusal, operation)
        # The whole of it, where the model ends it.
        return operation if is_last else None

    def _operation(self, actor: Actor, program: str) -> Move:
        world, who = self.world, actor.name.split("'", maxsplit=1)[0]
        return {
            "confirm": lambda: self._confirm(who),
            "demote": lambda: world.change(who, OTHER[who], Role.MEMBER),
            "promote": lambda: world.change(who, OTHER[who], Role.OWNER),
            "step down": lambda: world.change(who, who, Role.MEMBER),
            "remove": lambda: world.remove(who),
            "leave": lambda: world.leave(who),
            "sign up": lambda: world.sign_up(who, has_seen_namesake=actor.token == SEEN),
            "verify": lambda: world.verify(who),
            "ask": lambda: world.ask(who),
            "sweep": world.sweep,
            "add key": world.add_key,
        }[program]

    def _confirm(self, who: str) -> None:
        self.world.confirm(who)
        if self.has_workers:
            self.crew.do_other_steps()

    def _work(
        self, actor: Actor, row: str, before: State, *, is_last: bool, is_refused: bool
    ) -> dict[str, Move]:
        crew, who = self.crew, actor.name
        if is_refused:
            return {
                "hold": lambda: crew.find_lease_lost(who),
                "settle": lambda: _expect(crew.finish(who), is_=False),
                "look_again": lambda: crew.find_mail_lost(who),
            }
        return {
            "fails": lambda: crew.fail(who),
            "renews its lease": lambda: _expect(crew.renew(who), is_=True),
            "claim": lambda: crew.claim(who, row, is_lease_over=row in before.expired),
            "cut_down": lambda: crew.run(who),
            "erase_address": lambda: crew.run(who),
            # The effect is committed first, and the step is settled with the last commit.
            "commit": lambda: _expect(crew.finish(who), is_=True) if is_last else crew.run(who),
            "lease_mail": lambda: crew.lease_mail(who),
            "look_again": lambda: _expect(crew.look_and_send(who), is_=Outcome.ACCEPTED),
            "hand_over": lambda: crew.arrive(who),
            "settle_mail": lambda: crew.settle_mail(who),
        }

    # What there is.

    def differences(self, state: State) -> Iterator[str]:
        """Tell where the databases and the model do not say the same."""
        modelled = committed(state)
        for name, real in self._what_is_there().items():
            if real != modelled[name]:
                yield f"{name}: the model says {modelled[name]!r}, the databases say {real!r}"

    def _what_is_there(self) -> dict[str, object]:
        there = self._people() | self._claims()
        if self.clerk:
            there |= self.clerk.what_is_there()
        return there | self._work_and_mail() if self.has_workers else there

    def _people(self) -> dict[str, object]:
        world = self.world
        alice = world.ids.get("alice")
        organization = Organization.objects.get(id=world.organization_id)
        return {
            "owner_count": organization.owner_count,
            "role_alice": world.role_of("alice"),
            "role_bob": world.role_of("bob"),
            "account_alice": self._account("alice"),
            "account_bob": self._account("bob"),
            "account_twin": self._account("twin"),
            "key": Session.objects.filter(account_id=alice).count() if alice else 0,
            "request_alice": self._request("alice"),
            "request_bob": self._request("bob"),
            "reasons": world.reasons(),
        }

    def _account(self, who: str) -> str:
        account_id = self.world.ids.get(who)
        if account_id is None or not Account.objects.filter(id=account_id).exists():
            return GONE
        return VERIFIED if EmailAddress.objects.get(user_id=account_id).verified else UNVERIFIED

    def _request(self, who: str) -> str:
        account_id = self.world.ids.get(who)
        if account_id is None:
            return GONE
        mine = DeletionRequest.objects.filter(account_id=account_id)
        former = DeletionRequest.objects.filter(former_account_id=account_id)
        return (mine | former).values_list("state", flat=True).first() or GONE

    def _claims(self) -> dict[str, object]:
        claim = IdentityClaim.objects.filter(key=key_for(kind="email", identifier=self.world.address)).first()
        ids = self.world.ids

        def of(who: str) -> str:
            return LIVE if claim and claim.account_id and claim.account_id == ids.get(who) else GONE

        is_retired = claim is not None and claim.retired_at is not None
        return {"claim_alice": RETIRED if is_retired else of("alice"), "claim_twin": of("twin")}

    def _work_and_mail(self) -> dict[str, object]:
        rows = self.crew.rows()
        notice = self.crew.notice()
        told = Notice.objects.filter(kind=INVITATIONS_ENDED, account_id=self.world.ids["bob"]).count()
        return {
            **{row: _step(rows[row]) if row in rows else None for row in STEPS},
            "told": told,
            "notice": notice.state if notice else GONE,
            "is_notice_leased": notice is not None and notice.leased_until_at is not None,
            "vault": self._vault(),
            "copies": min(self.crew.copies, TWICE),
        }

    def _vault(self) -> str:
        alice = self.world.ids["alice"]
        person = vault.read([alice]).get(alice)
        if person is None:
            return GONE
        return FULL if person.name else CUT_DOWN


def _with_ledger(clerk: Clerk, who: str, statement: str, *, is_refused: bool) -> Move | None:
    if is_refused:
        return partial(_expect_refusal, lambda: clerk.cross(who))
    return {
        "intend": lambda: clerk.intend(who),
        "tell_before": clerk.append_owed,
        "append_intent": lambda: clerk.append_intent(who),
        "commit": lambda: clerk.cross(who),
        "tell": clerk.tell,
        "cancel": clerk.cancel,
        "mistype": clerk.mistype,
        "look_for_intents": lambda: clerk.look_for_intents(who),
        "give_up": lambda: clerk.give_up(who),
        "settle": lambda: clerk.settle(who),
        "append_owed": clerk.append_owed,
    }.get(statement)


def _step(row: ErasureStep) -> Step:
    is_open = row.state in {StepState.WAITING, StepState.RUNNING}
    return Step(StepState(row.state), is_worn=is_open and row.failures == MOST_FAILURES - 1)


def _expect(found: object, *, is_: object) -> None:
    if found != is_:
        raise AssertionError(found)


def _expect_refusal(operation: Move) -> None:
    try:
        operation()
    except REFUSALS:
        return
    raise AssertionError("it was not refused")
