"""Confirmations and starts beside a real ledger: what they do in a trace of the model."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from adieu.accounts.models import Account
from adieu.deletion import crossing, intents, requests
from adieu.deletion.confirmations import ByCode, Confirmation
from adieu.deletion.intents import INTENT_LIVES, Intent, read_intent
from adieu.deletion.models import DeletionRequest, Verification
from adieu.deletion.verification import MOST_TRIES, RequestEnded
from adieu.ledger.entries import Entry, Kind
from adieu.ledger.models import Change
from adieu.ledger.owing import append_owed
from adieu.ledger.places import installed_ledger
from adieu.ledger.replaying import CLOSING, take_in
from adieu.ops.ledgers import catch_up
from tests.protocol.state import ABORTED, CONFIRMED, GONE, NEWEST, STALE, STALE_ABORTED
from tests.protocol.world import World
from tests.support.people import SESSION, confirm, current_code

PROGRAMS = ("confirm", "cancel", "mistype", "settle")


@dataclass
class Clerk:
    """Whoever has to do with the ledger of a world."""

    world: World
    fences: list[str] = field(default_factory=list)
    # What each has in hand: a confirmation, or what a start found open.
    intents: dict[str, tuple[Confirmation, Intent]] = field(default_factory=dict)
    found: dict[str, list[Entry]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with a ledger that is owed nothing and leaves nothing open."""
        self.store = installed_ledger()
        catch_up(now=self.world.now, is_start=True)

    @property
    def alice(self) -> UUID:
        """Give her account."""
        return self.world.ids["alice"]

    # A confirmation.

    def intend(self, who: str) -> None:
        """Look and take the fence; the minute of an earlier confirmation is over."""
        DeletionRequest.objects.exclude(intended_at=None).update(intended_at=self.world.now - INTENT_LIVES)
        by_code = ByCode(account_id=self.alice, code=current_code(self.alice), session_digest=SESSION)
        intent = crossing.intend(by_code, now=self.world.now)
        self.intents[who] = by_code, intent
        self.fences.append(str(intent.fence))

    def append_owed(self) -> None:
        """Append what is owed."""
        append_owed(store=self.store, now=self.world.now)

    def append_intent(self, who: str) -> None:
        """Append the intent alone, since the model told what was owed before."""
        self.store.append(kind=Kind.INTENT, body=self.intents[who][1].body, now=self.world.now)

    def cross(self, who: str) -> None:
        """Pass the point of no return, or take back what was announced."""
        by_code, intent = self.intents[who]
        crossing.cross_as_intended(by_code, intent, now=self.world.now)

    def tell(self) -> None:
        """Tell the ledger that it happened."""
        intents.tell(store=self.store, now=self.world.now)

    def cancel(self) -> None:
        """Cancel the request."""
        requests.cancel(account_id=self.alice, now=self.world.now)

    def mistype(self) -> None:
        """Enter the fifth wrong code."""
        Verification.objects.filter(request__account_id=self.alice).update(wrong_tries=MOST_TRIES - 1)
        wrong = "00000000" if current_code(self.alice) != "00000000" else "11111111"
        try:
            confirm(self.alice, wrong, self.world.now)
        except RequestEnded:
            return
        raise AssertionError("the request went on")

    # A start.

    def look_for_intents(self, who: str) -> None:
        """Read which intents are open."""
        self.found[who] = list(take_in(store=self.store, now=self.world.now).open_intents)

    def give_up(self, who: str) -> None:
        """Take fences away."""
        for entry in self.found[who]:
            intents.give_up(read_intent(entry.body), now=self.world.now)

    def settle(self, who: str) -> None:
        """Settle what is still open."""
        for entry in self.found[who]:
            intents.settle(read_intent(entry.body), number=entry.number, now=self.world.now)

    # What there is.

    def what_is_there(self) -> dict[str, object]:
        """Tell what request, owed lines and ledger say."""
        request = DeletionRequest.objects.filter(intent_fence__isnull=False)
        mine = [change for change in Change.objects.order_by("id") if change.body.get("fence") in self.fences]
        account = Account.objects.filter(id=self.alice).first()
        return {
            "fence": bool(self.fences) and request.filter(intent_fence=self.fences[-1]).exists(),
            "end": next((change.kind for change in reversed(mine) if self._is_newest(change.body)), GONE),
            "owed": frozenset(self._owed(change) for change in mine if change.number is None),
            "is_account_locked": account is not None and account.locked_at is not None,
            "intents": frozenset(self._open()),
            "said": CONFIRMED if Kind.CONFIRMED in self._kinds() else GONE,
        }

    def _is_newest(self, body: dict[str, str]) -> bool:
        return bool(self.fences) and body["fence"] == self.fences[-1]

    def _owed(self, change: Change) -> str:
        is_stale = change.kind == Kind.ABORTED and not self._is_newest(change.body)
        return STALE_ABORTED if is_stale else {Kind.ABORTED: ABORTED}.get(Kind(change.kind), change.kind)

    def _lines(self) -> Iterator[Entry]:
        return (entry for entry in self.store.entries() if entry.body.get("fence") in self.fences)

    def _kinds(self) -> set[Kind]:
        return {entry.kind for entry in self._lines()}

    def _open(self) -> Iterator[str]:
        is_open: dict[str, bool] = {}
        for entry in self._lines():
            is_open[entry.body["fence"]] = entry.kind not in CLOSING
        return (NEWEST if fence == self.fences[-1] else STALE for fence, yes in is_open.items() if yes)
