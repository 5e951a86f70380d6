"""The database itself refuses a readable address, a verified one without a claim and a retired one.

The table is allauth's, so these are triggers and not constraints of ours. They stand below every `save`,
`update`, `bulk_create` and raw statement, whoever writes it (Rules P1, C3). A retired address is refused
for an account that waits for its code, too: such a row could do nothing, but nothing is what comes back.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The first 64 characters of a sealed address are its claim key.
SEALED = "NEW.email LIKE '%@sealed.invalid' AND length(NEW.email) = 79"
CLAIMED = """EXISTS (
    SELECT 1 FROM identities_identityclaim
    WHERE key = substr(NEW.email, 1, 64) AND account_id = NEW.user_id AND retired_at IS NULL
)"""
# The key under the newest pepper only; older ones are looked up when the address is claimed (Rule C4).
RETIRED = """EXISTS (
    SELECT 1 FROM identities_identityclaim
    WHERE key = substr(NEW.email, 1, 64) AND retired_at IS NOT NULL
)"""
RETIRED_SAYS = "a retired address is refused"

SQLITE = [
    f"""
    CREATE TRIGGER emailaddress_{rule}_on_{event} BEFORE {event} ON account_emailaddress
    WHEN {broken}
    BEGIN SELECT RAISE(ABORT, '{message}'); END
    """
    for event in ("insert", "update")
    for rule, broken, message in (
        ("sealed", f"NOT ({SEALED})", "an address must be sealed"),
        ("claimed", f"NEW.verified AND NOT {CLAIMED}", "a verified address must be claimed"),
    )
] + [
    f"""
    CREATE TRIGGER {name}_not_retired_on_{event} BEFORE {change} ON {table}
    WHEN {RETIRED}
    BEGIN SELECT RAISE(ABORT, '{RETIRED_SAYS}'); END
    """
    for name, table in (("emailaddress", "account_emailaddress"), ("account", "accounts_account"))
    for event, change in (("insert", "INSERT"), ("update", "UPDATE OF email"))
]
SQLITE_UNDO = [
    f"DROP TRIGGER {trigger}_on_{event}"
    for event in ("insert", "update")
    for trigger in (
        "emailaddress_sealed",
        "emailaddress_claimed",
        "emailaddress_not_retired",
        "account_not_retired",
    )
]

POSTGRESQL = [
    f"""
    CREATE FUNCTION emailaddress_is_guarded() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT ({SEALED}) THEN
            RAISE EXCEPTION 'an address must be sealed' USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.verified AND NOT {CLAIMED} THEN
            RAISE EXCEPTION 'a verified address must be claimed' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER emailaddress_guard BEFORE INSERT OR UPDATE ON account_emailaddress
    FOR EACH ROW EXECUTE FUNCTION emailaddress_is_guarded()
    """,
    f"""
    CREATE FUNCTION address_is_not_retired() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF {RETIRED} THEN
            RAISE EXCEPTION '{RETIRED_SAYS}' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {name}_not_retired BEFORE INSERT OR UPDATE OF email ON {table}
        FOR EACH ROW EXECUTE FUNCTION address_is_not_retired()
        """
        for name, table in (("emailaddress", "account_emailaddress"), ("account", "accounts_account"))
    ),
]
POSTGRESQL_UNDO = [
    "DROP TRIGGER emailaddress_not_retired ON account_emailaddress",
    "DROP TRIGGER account_not_retired ON accounts_account",
    "DROP FUNCTION address_is_not_retired()",
    "DROP TRIGGER emailaddress_guard ON account_emailaddress",
    "DROP FUNCTION emailaddress_is_guarded()",
]


def guard(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers up."""
    _run(editor, SQLITE if editor.connection.vendor == "sqlite" else POSTGRESQL)


def unguard(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take the triggers down."""
    _run(editor, SQLITE_UNDO if editor.connection.vendor == "sqlite" else POSTGRESQL_UNDO)


def _run(editor: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
    # The router keeps these tables out of the vault's database, and migrations run there as well.
    if editor.connection.alias != "default":
        return
    for statement in statements:
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("identities", "0001_initial"),
    ]
    operations = [migrations.RunPython(guard, unguard)]
