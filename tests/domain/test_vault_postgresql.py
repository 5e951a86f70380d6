"""A vault on PostgreSQL: what its server must be like, and a compaction that is not fooled (Rules P2, P3)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import Error, connections

from adieu.core.keeping import NotYet, Step
from adieu.kit import sql
from adieu.vault import debts, emptying, operations, postgresql, requirements
from adieu.vault.checkpoints import UnableToCheckpoint, checkpoint
from adieu.vault.keeper import CUT_DOWN, ERASE_SESSIONS, VaultKeeper
from adieu.vault.models import Comment, Compaction, Entry, Mail, SessionData
from tests.support.files import files_with
from tests.support.vault_files import bytes_of, connect_to_vault, is_in_vault_files, server_folder

pytestmark = [
    pytest.mark.only_on("postgresql"),
    pytest.mark.django_db(transaction=True, databases=["default", "vault"]),
]

NO_PAUSE = timedelta(0)
MARK = "markedmalou"
ADDRESS = f"{MARK}@example.org"


@pytest.fixture
def erased(now: datetime) -> UUID:
    """Somebody who was erased, and whose compaction is owed."""
    account_id = put(now)
    operations.erase(account_id=account_id)
    return account_id


@pytest.fixture
def other() -> Iterator[psycopg.Connection[Any]]:
    """A connection of somebody else, in a transaction from its first statement on."""
    with connect_to_vault() as connection:
        yield connection


def put(now: datetime, address: str = ADDRESS, name: str = MARK) -> UUID:
    account_id = uuid4()
    operations.put(account_id=account_id, address=address, now=now, name=name, company=name)
    return account_id


def refusal(*, tries: int = 2) -> str:
    with pytest.raises(UnableToCheckpoint) as caught:
        checkpoint(tries=tries, pause=NO_PAUSE)
    assert Compaction.objects.get().paid < Compaction.objects.get().owed
    return str(caught.value)


@contextmanager
def setting(name: str, value: str) -> Iterator[None]:
    """Change a setting of the vault's database, for the sessions that begin now."""
    database = connections["vault"].settings_dict["NAME"]
    sql.run(f"ALTER DATABASE {database} SET {name} = '{value}'", using="vault")
    connections["vault"].close()
    try:
        yield
    finally:
        sql.run(f"ALTER DATABASE {database} RESET {name}", using="vault")
        connections["vault"].close()


class TestEveryByte:
    def test_nothing_of_a_person_is_left_on_the_server_and_the_neighbour_is_as_before(
        self, now: datetime, record_property: Any
    ) -> None:
        alice, charlie = put(now), put(now, "charlie@example.org", "Charlie")
        for account_id, word in ((alice, MARK), (charlie, "charlie")):
            SessionData.objects.create(
                key_digest=uuid4().hex * 2, account_id=account_id, content=word * 3000, expires_at=now
            )
            Mail.objects.create(
                notice_id=uuid4(), account_id=account_id, address=f"{word}@example.org", subject=word,
                text=f"{word} reads " * 2000, html=f"<p>{word}</p>", created_at=now,
            )  # fmt: skip
        Entry.objects.filter(account_id=alice).update(company=f"{MARK} and sons")
        sql.run("ANALYZE", using="vault")
        before = rows_of(charlie)
        assert files_with(server_folder(), MARK)

        theirs = Mail.objects.filter(account_id=alice)
        operations.erase_mails(notice_ids=list(theirs.values_list("pk", flat=True)))
        SessionData.objects.filter(account_id=alice).delete()
        operations.erase(account_id=alice)
        checkpoint()

        assert files_with(server_folder(), MARK) == set()
        assert rows_of(charlie) == before
        record_property("bytes scanned on the server of a vault on PostgreSQL", len(bytes_of("vault")))

    def test_errors_of_the_vault_tell_the_log_of_the_server_nothing(self, now: datetime) -> None:
        account_id = put(now)
        with pytest.raises(Error):
            Entry.objects.create(account_id=account_id, address=ADDRESS, name=MARK, created_at=now)
        with pytest.raises(Error):
            sql.run(
                "INSERT INTO vault_entry (account_id, address, name, company, country, created_at)"
                " VALUES (%s, %s, %s, %s, NULL, %s)",
                [uuid4(), ADDRESS, MARK, MARK, now],
                using="vault",
            )
        with pytest.raises(Error):
            Entry.objects.filter(account_id=account_id).update(country=MARK)
        log = (server_folder() / "log").read_text()
        assert "null value in column" in log
        assert "duplicate key value" in log
        assert "value too long" in log
        assert MARK not in log

    def test_no_column_of_the_vault_has_statistics(self, now: datetime) -> None:
        put(now)
        sql.run("ANALYZE", using="vault")
        tables = [model._meta.db_table for model in apps.get_app_config("vault").get_models()]
        found = sql.rows(
            "SELECT tablename, attname FROM pg_stats WHERE tablename = ANY(%s)", [tables], using="vault"
        )
        assert found == []

    def test_the_compaction_knows_every_table_of_the_vault(self) -> None:
        tables = {model._meta.db_table for model in apps.get_app_config("vault").get_models()}
        nobodys = {"vault_commentround", "vault_compaction", "vault_pairing"}
        assert {*postgresql.TABLES, postgresql.COMMENTS} == tables - nobodys

    def test_neither_order_nor_number_tells_when_a_comment_came(self) -> None:
        for number in range(20):
            request_id = uuid4()
            operations.keep_comment(request_id=request_id, text=f"comment {number}")
            operations.loosen_comment(request_id=request_id)
        checkpoint()
        found = sql.rows("SELECT key, xmin::text FROM vault_comment ORDER BY ctid", using="vault")
        keys = [key for key, _ in found]
        assert keys == sorted(keys)
        assert len({number for _, number in found}) == 1
        assert Comment.objects.count() == 20


class TestWhatIsInTheWay:
    @pytest.mark.usefixtures("erased")
    def test_an_old_snapshot(self, other: psycopg.Connection[Any], now: datetime) -> None:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1")
        operations.erase(account_id=put(now))
        assert "an old snapshot is still open" in refusal()
        other.rollback()
        checkpoint()
        assert not is_in_vault_files(MARK)

    def test_a_snapshot_from_after_the_erasure_is_not(
        self, other: psycopg.Connection[Any], now: datetime
    ) -> None:
        operations.erase(account_id=put(now))
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1")
        checkpoint()
        assert not is_in_vault_files(MARK)

    def test_an_old_transaction_in_another_database(self, erased: UUID) -> None:
        given = connections["default"].settings_dict
        with psycopg.connect(dbname=given["NAME"], host=given["HOST"], user=given["USER"]) as other:
            other.execute("SELECT pg_current_xact_id()")
            operations.owe_compaction()
            assert "a transaction from before is still open" in refusal()
        checkpoint()
        assert not is_in_vault_files(MARK)

    def test_a_prepared_transaction(self, other: psycopg.Connection[Any], erased: UUID) -> None:
        other.execute("SELECT pg_current_xact_id()")
        other.execute("PREPARE TRANSACTION 'malou'")
        operations.owe_compaction()
        try:
            assert "a prepared transaction from before is still open" in refusal()
        finally:
            other.rollback()
            other.autocommit = True
            other.execute("ROLLBACK PREPARED 'malou'")
        checkpoint()

    def test_a_replication_slot(self, erased: UUID) -> None:
        sql.run("SELECT pg_create_physical_replication_slot('malou')", using="vault")
        try:
            assert "replication slot" in refusal()
        finally:
            sql.run("SELECT pg_drop_replication_slot('malou')", using="vault")
        checkpoint()

    def test_a_standby_or_a_base_backup(self, erased: UUID) -> None:
        given = connections["vault"].settings_dict
        with psycopg.connect(host=given["HOST"], user=given["USER"], replication="true", autocommit=True):
            assert "a standby or a base backup copies this server" in refusal()
        checkpoint()

    def test_an_older_file_of_the_log(self, erased: UUID) -> None:
        """A folder stands for a file that the server cannot delete."""
        kept = server_folder() / "pg_wal" / "000000010000000000000000"
        kept.mkdir()
        try:
            assert "the server keeps an older file of its log" in refusal()
        finally:
            kept.rmdir()
        checkpoint()

    def test_a_table_in_use(self, other: psycopg.Connection[Any], erased: UUID) -> None:
        # A lock outside of any old transaction: it is taken after the erasure.
        other.execute("LOCK TABLE vault_mail IN ACCESS SHARE MODE")
        assert "a table of the vault is in use" in refusal()
        other.rollback()
        checkpoint()

    def test_another_compaction(self, erased: UUID) -> None:
        with connect_to_vault(autocommit=True) as other:
            other.execute("SELECT pg_advisory_lock(%s)", [postgresql.LOCK])
            assert "another compaction is under way" in refusal()
        checkpoint()

    def test_a_file_that_a_crash_left(self, erased: UUID) -> None:
        folder = (
            server_folder()
            / Path(sql.rows("SELECT pg_relation_filepath('vault_entry')", using="vault")[0][0]).parent
        )
        left = folder / "999999"
        left.write_text(MARK)
        try:
            assert "999999 belongs to no table" in refusal()
        finally:
            left.unlink()
        checkpoint()
        assert not is_in_vault_files(MARK)

    def test_a_refused_compaction_leaves_the_connection_as_it_was(
        self, other: psycopg.Connection[Any], erased: UUID
    ) -> None:
        other.execute("LOCK TABLE vault_mail IN ACCESS SHARE MODE")
        refusal()
        assert sql.rows("SHOW lock_timeout", using="vault") == [("0",)]
        assert sql.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", using="vault") == [(0,)]

    def test_a_step_waits(self, other: psycopg.Connection[Any], now: datetime) -> None:
        account_id = put(now)
        step = Step(CUT_DOWN, account_id, uuid4(), {})
        with pytest.raises(NotYet):
            VaultKeeper().run(step=step, now=now)
        other.execute("LOCK TABLE vault_mail IN ACCESS SHARE MODE")
        with pytest.raises(NotYet) as caught:
            VaultKeeper().run(step=step, now=now)
        assert isinstance(caught.value.__cause__, UnableToCheckpoint)


class TestWhoPays:
    def test_the_steps_of_many_deletions_share_a_compaction(self, now: datetime) -> None:
        """Note [One compaction for many]."""
        people = [put(now) for _ in range(5)]
        steps = [Step(name, each, uuid4(), {}) for each in people for name in (ERASE_SESSIONS, CUT_DOWN)]
        waiting = [step for step in steps if not is_done(step, now)]
        assert len(waiting) == 5
        file = file_of("vault_entry")
        assert is_done(waiting[0], now)
        assert file_of("vault_entry") != file
        file = file_of("vault_entry")
        assert all(is_done(step, now) for step in waiting[1:])
        assert file_of("vault_entry") == file
        assert debts.open_debt() is None

    def test_nothing_is_written_anew_when_nothing_is_owed(self, now: datetime) -> None:
        put(now)
        file = file_of("vault_entry")
        checkpoint()
        emptying.leave_no_byte()
        assert file_of("vault_entry") == file


class TestWhatTheServerMustBeLike:
    def test_the_server_of_the_tests_is_fit(self) -> None:
        assert list(requirements.problems()) == []

    @pytest.mark.parametrize(
        ("name", "value", "remedy"),
        [
            ("log_statement", "all", "set it to 'none', or log_parameter_max_length to '0'"),
            ("log_min_duration_statement", "0", "set it to '-1'"),
            ("log_min_duration_sample", "100", "set it to '-1'"),
            ("log_transaction_sample_rate", "0.5", "set it to '0'"),
            ("log_error_verbosity", "verbose", "set it to 'terse' for this database"),
            ("wal_recycle", "off", "for the whole server"),
            ("wal_recycle", "on", "set it to 'off'"),
        ],
    )
    def test_a_setting_that_breaks_the_promise_is_named_with_its_remedy(
        self, erased: UUID, name: str, value: str, remedy: str
    ) -> None:
        with setting(name, value):
            (problem, *_) = requirements.problems()
            assert name in problem
            assert remedy in problem
            assert name in refusal()
        checkpoint()

    def test_missing_rights_are_named(self) -> None:
        sql.run("CREATE ROLE adieu_without_rights LOGIN", using="vault")
        vault = connections["vault"].settings_dict
        as_it_was = vault["USER"]
        connections["vault"].close()
        try:
            vault["USER"] = "adieu_without_rights"
            checkpointing, switching = requirements.problems()
            assert "grant the role pg_checkpoint" in checkpointing
            assert "grant EXECUTE ON FUNCTION pg_switch_wal()" in switching
            assert not postgresql.may_list_files()
        finally:
            connections["vault"].close()
            vault["USER"] = as_it_was
            sql.run("DROP ROLE adieu_without_rights", using="vault")

    def test_with_just_the_rights_of_the_documentation_it_works(self, erased: UUID) -> None:
        name = "adieu_with_rights"
        vault = connections["vault"].settings_dict
        as_it_was = vault["USER"]
        for statement in (
            f"CREATE ROLE {name} LOGIN",
            f"GRANT pg_checkpoint TO {name}",
            f"GRANT EXECUTE ON FUNCTION pg_switch_wal(), pg_ls_dir(text) TO {name}",
            *(
                f"ALTER TABLE {model._meta.db_table} OWNER TO {name}"
                for model in apps.get_app_config("vault").get_models()
            ),
        ):
            sql.run(statement, using="vault")
        connections["vault"].close()
        try:
            vault["USER"] = name
            assert postgresql.may_list_files()
            checkpoint()
        finally:
            connections["vault"].close()
            vault["USER"] = as_it_was
            sql.run(f"REASSIGN OWNED BY {name} TO {as_it_was}", using="vault")
            sql.run(f"DROP OWNED BY {name}", using="vault")
            sql.run(f"DROP ROLE {name}", using="vault")
        assert not is_in_vault_files(MARK)

    def test_a_table_of_somebody_else_is_not_overlooked(self, erased: UUID) -> None:
        """VACUUM only warns about it."""
        name = "adieu_stranger"
        vault = connections["vault"].settings_dict
        as_it_was = vault["USER"]
        for statement in (
            f"CREATE ROLE {name} LOGIN",
            f"GRANT pg_checkpoint TO {name}",
            f"GRANT EXECUTE ON FUNCTION pg_switch_wal() TO {name}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        ):
            sql.run(statement, using="vault")
        connections["vault"].close()
        try:
            vault["USER"] = name
            assert "the table vault_entry belongs to another role" in refusal()
        finally:
            connections["vault"].close()
            vault["USER"] = as_it_was
            sql.run(f"DROP OWNED BY {name}", using="vault")
            sql.run(f"DROP ROLE {name}", using="vault")


def is_done(step: Step, now: datetime) -> bool:
    try:
        VaultKeeper().run(step=step, now=now)
    except NotYet:
        return False
    return True


def file_of(table: str) -> int:
    return int(sql.rows("SELECT pg_relation_filenode(%s::regclass)", [table], using="vault")[0][0])


def rows_of(account_id: UUID) -> list[str]:
    tables = ("vault_entry", "vault_sessiondata", "vault_mail")
    selects = [f"SELECT row_to_json(t)::text FROM {table} t WHERE account_id = %s" for table in tables]  # noqa: S608
    return [row for select in selects for (row,) in sql.rows(select, [account_id], using="vault")]
