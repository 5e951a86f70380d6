"""What was erased has left every file of the vault (Rule P3)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
from django.db import connections

from adieu.core.keeping import NotYet, Step
from adieu.kit.transactions import transaction
from adieu.vault import operations
from adieu.vault.checkpoints import InsideTransaction
from adieu.vault.keeper import CUT_DOWN, ERASE_SESSIONS, VaultKeeper
from adieu.vault.models import Comment, Compaction, Entry, SessionData
from adieu.vault.operations import UnableToCheckpoint
from tests.support.stepping import do_step
from tests.support.vault_files import is_in_vault_files, vault_files

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "vault"])

NO_PAUSE = timedelta(0)
MARK = "Marked Malou"
ADDRESS = "marked.malou@example.org"


@contextmanager
def open_reader() -> Iterator[None]:
    """Hold a read transaction on the vault, as another process might."""
    with closing(sqlite3.connect(connections["vault"].settings_dict["NAME"], isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM vault_entry").fetchone()
        yield


def put(now: datetime) -> UUID:
    account_id = uuid4()
    operations.put(account_id=account_id, address=ADDRESS, now=now, name=MARK)
    return account_id


def keep_session(content: str, now: datetime, account_id: UUID | None = None) -> str:
    digest = uuid4().hex * 2
    SessionData.objects.create(key_digest=digest, account_id=account_id, content=content, expires_at=now)
    return digest


def keep_entry(random: Random, mark: str, now: datetime) -> str:
    """Write an entry of any length at any place in the table's index."""
    Entry.objects.create(
        account_id=UUID(int=random.getrandbits(128)),
        address=f"{mark}@example.org",
        name=mark,
        company="c" * random.randint(0, 90),
        created_at=now,
    )
    return mark


def run(name: str, account_id: UUID, now: datetime) -> None:
    do_step(VaultKeeper(), Step(name, account_id, uuid4(), {}), now)


@pytest.mark.only_on("sqlite")
def test_the_vault_overwrites_what_is_deleted() -> None:
    with connections["vault"].cursor() as cursor:
        pragmas = ("secure_delete", "synchronous", "journal_mode")
        values = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    assert values == [1, 2, "wal"]


def test_no_byte_is_left_of_an_erased_entry(now: datetime) -> None:
    account_id = put(now)
    assert is_in_vault_files(ADDRESS)
    assert is_in_vault_files(MARK)
    operations.erase(account_id=account_id)
    operations.checkpoint()
    assert not is_in_vault_files(ADDRESS, MARK, account_id.hex)


def test_no_byte_is_left_of_what_was_cut_off(now: datetime) -> None:
    account_id = put(now)
    run(CUT_DOWN, account_id, now)
    assert is_in_vault_files(ADDRESS)
    assert not is_in_vault_files(MARK)


def test_no_byte_is_left_of_an_earlier_name(now: datetime) -> None:
    account_id = put(now)
    operations.change_profile(account_id=account_id, name="Malou", company="", country="")
    operations.erase(account_id=account_id)
    operations.checkpoint()
    assert not is_in_vault_files(MARK)


@pytest.mark.only_on("sqlite")
def test_no_byte_is_left_between_rows_that_moved(now: datetime) -> None:
    """Fails without the compaction: see Note [Three places] in vault/checkpoints.py."""
    random = Random(1)
    alive: list[str] = []
    erased: list[str] = []
    with transaction(using="vault"):
        for number in range(3000):
            alive.append(keep_entry(random, f"mark-{number:05}", now))
            if number % 2:
                erased.append(alive.pop(random.randrange(len(alive))))
                Entry.objects.filter(name=erased[-1]).delete()
    operations.erase(account_id=put(now))
    operations.checkpoint()
    assert [mark for mark in erased if is_in_vault_files(mark)] == []
    assert is_in_vault_files(alive[0])


def test_a_compaction_that_is_owed_survives_a_kill(now: datetime) -> None:
    account_id = put(now)
    operations.erase(account_id=account_id)
    # A kill here: the step runs again, and erasing again finds nothing that would ask for a compaction.
    operations.erase(account_id=account_id)
    assert Compaction.objects.filter(owed=1, paid=0).exists()
    operations.checkpoint()
    assert Compaction.objects.filter(owed=1, paid=1).exists()


@pytest.mark.parametrize("is_loosened", [True, False])
def test_parting_with_a_comment_owes_a_compaction(is_loosened: bool) -> None:
    request_id = uuid4()
    operations.keep_comment(request_id=request_id, text="It was fine.")
    operations.checkpoint()
    part_with = operations.loosen_comment if is_loosened else operations.forget_comment
    part_with(request_id=request_id)
    operations.checkpoint()
    assert Compaction.objects.filter(owed=1, paid=1).exists()
    assert not is_in_vault_files(request_id.hex)


@pytest.mark.only_on("sqlite")
def test_the_log_is_cut_to_nothing(now: datetime) -> None:
    put(now)
    log = vault_files()[1]
    assert log.name.endswith("-wal")
    assert log.stat().st_size > 0
    operations.checkpoint()
    assert log.stat().st_size == 0


@pytest.mark.only_on("sqlite")
def test_an_open_reader_is_not_overlooked(now: datetime) -> None:
    account_id = put(now)
    operations.checkpoint()
    with open_reader():
        operations.erase(account_id=account_id)
        with pytest.raises(UnableToCheckpoint):
            operations.checkpoint(tries=3, pause=NO_PAUSE)
    operations.checkpoint(tries=3, pause=NO_PAUSE)
    assert not is_in_vault_files(ADDRESS, MARK)


@pytest.mark.only_on("sqlite")
def test_an_open_writer_is_not_overlooked(now: datetime) -> None:
    account_id = put(now)
    operations.erase(account_id=account_id)
    with closing(sqlite3.connect(connections["vault"].settings_dict["NAME"], isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnableToCheckpoint):
            operations.checkpoint(tries=3, pause=NO_PAUSE)
    operations.checkpoint(tries=3, pause=NO_PAUSE)
    assert not is_in_vault_files(ADDRESS, MARK)


@pytest.mark.only_on("sqlite")
def test_a_refused_checkpoint_leaves_the_connection_as_patient_as_it_was(now: datetime) -> None:
    put(now)
    with open_reader(), pytest.raises(UnableToCheckpoint):
        operations.checkpoint(tries=1)
    with connections["vault"].cursor() as cursor:
        assert cursor.execute("PRAGMA busy_timeout").fetchone()[0] == 20_000


def test_a_checkpoint_inside_a_transaction_is_refused() -> None:
    with pytest.raises(InsideTransaction), transaction(using="vault"):
        operations.checkpoint()


@pytest.mark.only_on("sqlite")
def test_a_step_waits_for_an_open_reader(now: datetime) -> None:
    account_id = put(now)
    operations.checkpoint()
    with open_reader(), pytest.raises(NotYet):
        run(CUT_DOWN, account_id, now)
    run(CUT_DOWN, account_id, now)
    assert not is_in_vault_files(MARK)


def test_the_keeper_erases_sessions_and_pending_flows(now: datetime) -> None:
    alice = put(now)
    keep_session("signed in", now, alice)
    keep_session(f'{{"email": "{ADDRESS.upper()}"}}', now)
    keep_session(f'{{"user_pk": "{alice}"}}', now)
    others = {keep_session("somebody else", now, uuid4()), keep_session('{"email": "bob@example.org"}', now)}
    run(ERASE_SESSIONS, alice, now)
    run(ERASE_SESSIONS, alice, now)
    assert set(SessionData.objects.values_list("key_digest", flat=True)) == others
    assert not is_in_vault_files("signed in", ADDRESS.upper(), str(alice))


def test_the_keeper_finds_what_is_left(now: datetime) -> None:
    keeper, alice = VaultKeeper(), put(now)
    keep_session("{}", now, alice)
    assert keeper.residue(account_id=alice) == ["vault entry", "session content"]
    for spec in keeper.steps(account_id=alice):
        run(spec.name, alice, now)
    assert keeper.residue(account_id=alice) == ["vault entry"]
    operations.erase(account_id=alice)
    assert keeper.residue(account_id=alice) == []
    assert not Entry.objects.exists()


@pytest.mark.only_on("sqlite")
def test_the_places_of_comments_tell_nothing_of_their_order() -> None:
    """Rule D3. On PostgreSQL see `test_vault_postgresql.py`."""
    texts = [f"comment-{number:03}" for number in range(40)]
    for text in texts:
        request_id = uuid4()
        operations.keep_comment(request_id=request_id, text=text)
        operations.loosen_comment(request_id=request_id)
    operations.checkpoint()
    written = vault_files()[0].read_bytes()
    by_key = list(Comment.objects.order_by("key").values_list("text", flat=True))
    by_place = sorted(texts, key=lambda text: written.index(text.encode()))
    # A page is filled from its end.
    assert by_place in (by_key, by_key[::-1])
    # That chance brings them into their order is too rare to be seen.
    assert by_key not in (texts, texts[::-1])
