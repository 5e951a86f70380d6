"""What a PostgreSQL server itself writes into its log, and errors that make it quote values."""

import psycopg
from psycopg import sql
from psycopg.errors import UniqueViolation

# An operator may have set any of these; together they say the most there is.
TALKATIVE = {
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_min_error_statement": "debug5",
    "log_error_verbosity": "verbose",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
}
FRESH = {
    "uuid": "gen_random_uuid()",
    "bigint": "(random() * 1e15)::bigint",
    "integer": "(random() * 1e9)::integer",
    "smallint": "(random() * 1e4)::smallint",
}
INDEXES = """
SELECT indexrelid::regclass::text, indrelid::regclass::text, indkey::int2[]
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE indisunique AND relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
COLUMNS = """
SELECT attnum, attname, format_type(atttypid, NULL), attidentity <> ''
FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


def tell_all(url: str) -> None:
    """Let the server log every statement with its values, in each new connection."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        for setting, value in TALKATIVE.items():
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                    name, sql.Identifier(setting), sql.Literal(value)
                )
            )
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def read_server_log(url: str) -> bytes:
    """Read the whole log; its place is the server's, which must run for these tests only."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT pg_read_binary_file(coalesce(pg_current_logfile(), 'log'))"
        ).fetchone()
        assert row is not None
        return bytes(row[0])


def violate_every_unique_index(url: str) -> list[str]:
    """Write a row of each table a second time, once for every unique index; name the indexes that refused."""
    with psycopg.connect(url, autocommit=True) as connection:
        indexes = connection.execute(INDEXES).fetchall()
        return [index for index, table, keys in indexes if _violate(connection, index, table, set(keys))]


def _violate(connection: psycopg.Connection, index: str, table: str, keys: set[int]) -> bool:
    """Copy a row; what is unique by other indexes gets a value of its own."""
    others: set[int] = set()
    for name, of_table, other_keys in connection.execute(INDEXES).fetchall():
        if of_table == table and name != index and not set(other_keys) <= keys:
            others |= set(other_keys) - keys
    columns = connection.execute(COLUMNS, [table]).fetchall()
    values = [
        FRESH.get(kind, "md5(random()::text)") if number in others else f'"{name}"'
        for number, name, kind, _ in columns
    ]
    names = ", ".join(f'"{name}"' for _, name, _, _ in columns)
    row = ", ".join(values)
    statement = f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {row} FROM {table}"  # noqa: S608
    try:
        connection.execute(statement.encode())
    except UniqueViolation as error:
        return error.diag.constraint_name == index
    except psycopg.Error:
        pass
    return False
