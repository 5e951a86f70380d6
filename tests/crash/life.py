"""Lives of a process, each forked from this loaded one: `python -m tests.crash.life`, acts on standard input.

An act is a line of JSON, `["crash", "plain", "step.settled", "2"]`; the answer tells how the life ended and
what it said. `prepare` makes Alice, who has a code, Bob and Charlie; `record` confirms, works to the end and
says every crash point it passed; `crash` does the same and kills itself at the n-th passing of a point;
`suffer` does the same while the database goes away at each point;
`finish` is the worker that is started afterwards; `look` says what there is. In the "troubled" story a step
fails until it is stuck, and Alice is told; in the "archive" story Charlie gets an archive of his data; the
"start" story is what every start does before it serves;
"back_up" and "put_back" are the commands for backups.
"""

import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any, NoReturn
from uuid import UUID

import django
from django.conf import settings
from django.db import Error, close_old_connections
from time_machine import travel

from adieu.kit.crashing import install
from adieu.kit.errors import Fact
from tests.crash import clusters
from tests.crash.outages import outage

NOW = datetime(2030, 3, 4, 9, 30, tzinfo=UTC)
# Long enough for every lease to end and every retry to be due, short enough for nothing to be given up.
LATER = NOW + timedelta(minutes=5)
ALICE, BOB, CHARLIE = "alice.crashes@example.org", "bob.is.told@example.org", "charlie.survives@example.org"
COMMENT = "a comment of a person who crashes"


def main() -> None:
    """Fork a life for each line, and answer how it ended."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adieu.config.settings")
    django.setup()
    # What every life needs, loaded once.
    import_module("tests.support.departures")
    import_module("tests.crash.peppers")
    import_module("tests.crash.on_request")
    for line in sys.stdin:
        act, *rest = json.loads(line)
        print(json.dumps(live_once(act, rest)), flush=True)


def live_once(act: str, rest: list[str]) -> dict[str, object]:
    """Fork, act and end; no connection is open in the process that is forked."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _act_and_end(act, rest, write_end)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return {"status": os.waitstatus_to_exitcode(status), "said": json.loads(said) if said else None}


def _act_and_end(act: str, rest: list[str], write_end: int) -> NoReturn:
    _of("peppers", "know_the_peppers")
    try:
        with os.fdopen(write_end, "w") as pipe:
            json.dump(ACTS[act](*rest), pipe)
    except Exception:  # noqa: BLE001 - whatever it was, this child must not go on as a second parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def prepare() -> None:
    """Migrate both databases, and make the people."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("migrate", database="vault", verbosity=0)
    from adieu.ops import vaults

    vaults.pair()
    from adieu.identities import peppers

    peppers.begin(peppers=settings.PEPPERS, now=NOW)
    from adieu.ledger.opening import open_ledger
    from adieu.ledger.places import installed_ledger
    from tests.support.archives import archive_of
    from tests.support.departures import prepare_to_leave
    from tests.support.people import join

    open_ledger(store=installed_ledger(), now=NOW)
    charlie, bob, alice = (join(address, NOW) for address in (CHARLIE, BOB, ALICE))
    prepare_to_leave(alice, ALICE, bob, NOW, comment=COMMENT)
    archive_of(alice, NOW)
    start(NOW)
    deliver(NOW)
    note({"alice": str(alice), "bob": str(bob), "charlie": str(charlie)})


def record(story: str) -> list[str]:
    """Live to the end, and say the points in the order in which they are passed."""
    passed: list[str] = []
    install(passed.append)
    STORIES[story](NOW)
    return passed


def crash(story: str, point: str, time: str) -> None:
    """Live until the point is passed for the n-th time, and end like a process that is killed."""
    passed: Counter[str] = Counter()

    def kill_here(name: str) -> None:
        passed[name] += 1
        if name == point and passed[name] == int(time):
            os.kill(os.getpid(), signal.SIGKILL)

    install(kill_here)
    STORIES[story](NOW)


def finish(story: str) -> list[object]:
    """Be the worker that starts after the kill, and say what it finds and what it leaves.

    If nothing was committed, Alice confirms again.
    """
    found = look()
    start(LATER)
    STORIES[story](LATER)
    return [found, look()]


def start(moment: datetime) -> None:
    """Do what every start does before anything is served."""
    from adieu.ledger.opening import open_ledger
    from adieu.ledger.places import installed_ledger
    from adieu.ops.ledgers import catch_up

    open_ledger(store=installed_ledger(), now=moment)
    catch_up(now=moment, is_start=True)


def suffer(kind: str, server: str, folder: str, *known: str) -> list[object]:
    """Live on while the database goes away at each point but the known; say at which it did."""
    suffering = outage(kind, server, folder)
    for database in settings.DATABASES.values():
        # Nobody waits 20 seconds for a lock that is there on purpose.
        database["OPTIONS"] = {**database["OPTIONS"], **({"timeout": 0.02} if kind == "locked" else {})}
    met: dict[str, bool] = {}
    begun = without_ledger(look())

    def strike(point: str) -> None:
        if point not in {*met, *known} and True not in under_way:
            met[point] = suffering.begin()
            under_way.append(met[point])

    def recover() -> None:
        suffering.end()
        under_way.clear()
        close_old_connections()

    moment = NOW
    under_way: list[bool] = []
    install(strike)
    while look()["account"]:
        assert without_ledger(look()) == begun, met
        moment = try_to_cross(moment, is_refused=lambda: True in under_way)
        recover()
        # Else a confirmation that was cut off is waited for, for a minute.
        with suppress(*GONE):
            start(NOW)
        recover()
    live_on(recover)
    return [met, look()]


def try_to_cross(moment: datetime, *, is_refused: Callable[[], bool]) -> datetime:
    """Confirm, and give the time at which it can be tried again; only an outage may be in the way."""
    from adieu.deletion.intents import INTENT_LIVES, ConfirmationUnderWay

    try:
        cross(moment)
    except ConfirmationUnderWay:
        # The one that was cut off is unknown to the ledger; who confirms waits for its end.
        return moment + INTENT_LIVES
    except GONE:
        if not is_refused():
            raise
    return moment


def live_on(recover: Callable[[], None]) -> None:
    """Do every chore of the worker again and again, as the worker itself does."""
    from adieu.deletion.erasure import Hand, run_due_steps
    from adieu.deletion.models import ErasureStep
    from adieu.deletion.promises import tell_late
    from adieu.ops.ledgers import catch_up
    from adieu.ops.worker import Chore, do_if_due

    hand = Hand()

    def run_steps(tick: datetime) -> None:
        run_due_steps(now=partial(_same, tick), random=lambda: 0.0, report=expect_outage, hand=hand)

    chores = [
        Chore("steps", run_steps, timedelta()),
        Chore("ledger", lambda tick: catch_up(now=tick), timedelta()),
        Chore("notices", deliver, timedelta()),
        Chore("late_deletions", lambda tick: tell_late(now=tick), timedelta()),
    ]
    # All within the promised hour.
    for number in range(100):
        for chore in chores:
            do_if_due(chore, now=NOW + number * timedelta(seconds=30))
        recover()
        if not ErasureStep.objects.exclude(state="done").exists():
            return
    raise AssertionError(look())


def expect_outage(step_id: UUID, error: Exception) -> None:
    """Let pass what a database says that went away, and nothing else."""
    assert isinstance(error, GONE), (step_id, repr(error))


def without_ledger(seen: dict[str, object]) -> dict[str, object]:
    """Leave out what the ledger heard of a deletion that was not committed: test_restored.py."""
    return {name: value for name, value in seen.items() if name not in {"ledger", "fence"}}


def be_told_to_end(how: str) -> None:
    """Be a worker that gets SIGTERM in the middle of a step, and perhaps hangs in it for ever."""
    from adieu.ops.worker import work_until_told

    def tell(point: str) -> None:
        if point == "step.claimed.vault.cut_down":
            os.kill(os.getpid(), signal.SIGTERM)
            if how == "hangs":
                Event().wait()

    install(tell)
    with travel(NOW):
        cross(NOW)
        work_until_told()


def live_plainly(moment: datetime) -> None:
    """Confirm with the code that was sent, and do everything that a worker does."""
    cross(moment)
    work(moment)


def live_in_trouble(moment: datetime) -> None:
    """The same, but a step fails until it is stuck and the operator lets it be tried again."""
    from adieu.deletion.stuck import retry_all

    cross(moment)
    install(stumble_in_trouble)
    TROUBLE.append(OSError())
    for quarters in range(16):
        work(moment + quarters * timedelta(minutes=15))
    TROUBLE.clear()
    mended_at = moment + timedelta(hours=5)
    retry_all(now=mended_at)
    work(mended_at)


def back_up(moment: datetime) -> None:
    """Write a backup of the main database."""
    from adieu.ops.backups import back_up

    back_up(backup_file(), now=moment)


def put_back(moment: datetime) -> None:
    """Put the backup back, as `adieu restore` does."""
    from adieu.ops.restoring import restore

    list(restore(backup_file()))


def get_an_archive(moment: datetime) -> None:
    """Let Charlie ask for an archive, unless an earlier life has done so, and build it."""
    from adieu.archives.operations import ask, progress
    from tests.support.archives import build

    charlie = people()["charlie"]
    if progress(account_id=charlie, now=moment) is None:
        ask(account_id=charlie, now=moment)
    build(moment)
    deliver(moment)


def read_archive() -> list[str]:
    """Say whose addresses stand in the archive that is ready."""
    from tests.support.archives import fetch

    return [row["address"] for row in fetch(people()["charlie"], LATER).json["profile"]]


def stumble_in_trouble(name: str) -> None:
    """Fail in the middle of a step as long as there is trouble."""
    if name == "vault.cut_down" and TROUBLE:
        raise TROUBLE[0]


def cross(moment: datetime) -> None:
    """Confirm, unless an earlier life has done so."""
    from adieu.accounts.models import Account
    from tests.support.people import confirm, current_code

    alice = people()["alice"]
    if Account.objects.filter(id=alice).exists():
        confirm(alice, current_code(alice), moment)


def work(moment: datetime) -> None:
    """Do everything that is due, as the worker does, until nothing is; somebody may be reading the vault."""
    from adieu.deletion.erasure import run_due_steps
    from adieu.deletion.promises import tell_late
    from adieu.deletion.queue import due
    from adieu.ops.ledgers import catch_up

    for seconds in range(0, 240, 3):
        tick = partial(_same, moment + timedelta(seconds=seconds))
        run_due_steps(now=tick, random=lambda: 0.0, report=expect_trouble)
        tell_late(now=tick())
        catch_up(now=tick())
        deliver(tick())
        if not due(tick() + timedelta(seconds=3)).exists():
            break


def expect_trouble(step_id: UUID, error: Exception) -> None:
    """Let pass what was planned, and nothing else."""
    if error not in TROUBLE:
        raise AssertionError(step_id) from error


def _same(moment: datetime) -> datetime:
    return moment


def look() -> dict[str, object]:
    """Say what there is: of Alice, of Charlie, and of the work."""
    from allauth.account.models import EmailAddress

    from adieu.accounts.models import Account
    from adieu.deletion.keepers import all_keepers
    from adieu.deletion.models import DeletionRequest, ErasureStep, ReasonCount
    from adieu.identities.models import IdentityClaim
    from adieu.ledger.places import installed_ledger
    from adieu.notices.models import Notice
    from adieu.tenancy.models import Organization
    from adieu.vault.models import Comment, Entry, InvitedAddress, Mail, SessionData

    alice, charlie = people()["alice"], people()["charlie"]
    return {
        "account": Account.objects.filter(id=alice).exists(),
        "is_locked": Account.objects.filter(id=alice, locked_at__isnull=False).exists(),
        "ledger": [entry.kind for entry in installed_ledger().entries()],
        "receipt": receipt(),
        "person": {
            model.__name__: repr(list(model._default_manager.filter(account_id=alice).values()))
            for model in (Entry, SessionData, Mail)
        },
        "addresses": EmailAddress.objects.filter(user_id=alice).count(),
        "live_claims": IdentityClaim.objects.filter(account_id=alice).count(),
        "retired_claims": IdentityClaim.objects.filter(retired_at__isnull=False).count(),
        "request": DeletionRequest.objects.get().state,
        "fence": DeletionRequest.objects.filter(intent_fence__isnull=False).exists(),
        "told": [
            time is not None
            for time in DeletionRequest.objects.values_list("told_late_at", "told_stuck_at").get()
        ],
        "steps": sorted(ErasureStep.objects.values_list("keeper", "name", "state")),
        "invited": InvitedAddress.objects.count(),
        "reasons": list(ReasonCount.objects.values_list("reason", "count")),
        "notices": sorted(Notice.objects.values_list("kind", "state")),
        "comments": [
            (text, request_id is None)
            for text, request_id in Comment.objects.values_list("text", "request_id")
        ],
        "clusters": clusters.seen(),
        "residue": {keeper.name: list(keeper.residue(account_id=alice)) for keeper in all_keepers()},
        "charlie": repr(
            [
                list(Account.objects.filter(id=charlie).values()),
                list(Entry.objects.filter(account_id=charlie).values()),
                list(IdentityClaim.objects.filter(account_id=charlie).values()),
                list(Organization.objects.values()),
            ]
        ),
    }


def receipt() -> list[object] | None:
    """Give the one receipt, where in which tree it is proven to stand, and how many leaves the log has."""
    from adieu.core.receipts import verify
    from adieu.deletion.models import Receipt
    from adieu.deletion.receipts import published_keys, receipt_file
    from adieu.ledger.places import installed_ledger

    row = Receipt.objects.first()
    file = row and receipt_file(deletion_id=row.request_id)
    if not file:
        return None
    genuine = verify(file, keys=published_keys())
    changes = {entry.body["change"] for entry in installed_ledger().entries() if entry.kind == "receipt"}
    return [file.receipt, genuine.index, genuine.head.size, len(changes)]


def deliver(moment: datetime) -> None:
    """Hand over what is owed, to the real server of the environment."""
    from django.core.mail import mailers

    from adieu.notices.delivery import deliver_due

    deliver_due(now=moment, mailer=mailers.default)


def _of(module: str, name: str, *given: datetime | str) -> Any:
    """Do what stands in another module, which speaks of this one."""
    return getattr(import_module(f"tests.crash.{module}"), name)(*given)


def note(what: dict[str, str]) -> None:
    """Write down who is who, for the next life."""
    (data_dir() / "people.json").write_text(json.dumps(what))


def people() -> dict[str, UUID]:
    """Read who is who."""
    known = json.loads((data_dir() / "people.json").read_text())
    return {name: UUID(account_id) for name, account_id in known.items()}


def backup_file() -> Path:
    """Give the place of the backup, beside the data folder."""
    return data_dir().with_name("monday.adieu")


def data_dir() -> Path:
    """Give the data folder."""
    return Path(os.environ["ADIEU_DATA_DIR"])


# What a database says that went away, and a ledger that nothing can be written to.
GONE = (Error, OSError, Fact)
TROUBLE: list[Exception] = []
STORIES: dict[str, Callable[[datetime], None]] = {
    "plain": live_plainly,
    "troubled": live_in_trouble,
    "start": start,
    "work": work,
    "back_up": back_up,
    "put_back": put_back,
    "archive": get_an_archive,
    "cross": cross,
    "clusters": clusters.live_with_a_cluster,
    "rotate": partial(_of, "peppers", "rotate"),
    "bob_leaves": partial(_of, "peppers", "bob_leaves"),
    "lift_both": partial(_of, "peppers", "lift_both"),
    "own_alone": partial(_of, "on_request", "own_alone"),
    "hand_over": partial(_of, "on_request", "hand_over"),
    "take_away": partial(_of, "on_request", "take_away"),
}
ACTS: dict[str, Callable[..., object]] = {
    "prepare": prepare,
    "record": record,
    "crash": crash,
    "finish": finish,
    "suffer": suffer,
    "be_told_to_end": be_told_to_end,
    "look": look,
    "read_archive": read_archive,
    "look_at_harbour": partial(_of, "on_request", "look_at_harbour"),
    "look_at_peppers": partial(_of, "peppers", "look_at_peppers"),
    "rotate_on_a_full_disk": partial(_of, "peppers", "rotate_on_a_full_disk"),
}

if __name__ == "__main__":
    main()
