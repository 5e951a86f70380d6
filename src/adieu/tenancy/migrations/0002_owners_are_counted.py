"""Note [Owners are counted].

An organization's row carries `owner_count` under `CHECK (owner_count >= 1)`, and these triggers keep it:
every membership that comes, goes or changes its role changes the count in the same statement. So the
database itself refuses the going of a last owner, whoever asks and however (Rule O2), and two owners who
leave at once are serialized by the row's lock: the second one's statement fails.

A new organization starts with its owners: the membership is written first (its foreign key is checked at
commit) and the organization after it, with the count that the memberships have. Deleting an organization
takes its memberships along; their triggers then find no row to change.
"""

from typing import ClassVar

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQLITE = [
    """
    CREATE TRIGGER organization_owner_comes AFTER INSERT ON tenancy_organizationmembership
    WHEN NEW.role = 'owner'
    BEGIN
        UPDATE tenancy_organization SET owner_count = owner_count + 1 WHERE id = NEW.organization_id;
    END
    """,
    """
    CREATE TRIGGER organization_owner_goes AFTER DELETE ON tenancy_organizationmembership
    WHEN OLD.role = 'owner'
    BEGIN
        UPDATE tenancy_organization SET owner_count = owner_count - 1 WHERE id = OLD.organization_id;
    END
    """,
    """
    CREATE TRIGGER organization_owner_changes AFTER UPDATE ON tenancy_organizationmembership
    WHEN OLD.role <> NEW.role OR OLD.organization_id <> NEW.organization_id
    BEGIN
        UPDATE tenancy_organization SET owner_count = owner_count + 1
        WHERE id = NEW.organization_id AND NEW.role = 'owner';
        UPDATE tenancy_organization SET owner_count = owner_count - 1
        WHERE id = OLD.organization_id AND OLD.role = 'owner';
    END
    """,
    """
    CREATE TRIGGER organization_starts_with_owners BEFORE INSERT ON tenancy_organization
    BEGIN
        SELECT RAISE(ABORT, 'organization_starts_with_owners')
        WHERE NEW.owner_count <> (
            SELECT count(*) FROM tenancy_organizationmembership
            WHERE organization_id = NEW.id AND role = 'owner'
        );
    END
    """,
]

POSTGRESQL = [
    """
    CREATE FUNCTION organization_counts_owners() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'DELETE' AND NEW.role = 'owner' THEN
            UPDATE tenancy_organization SET owner_count = owner_count + 1 WHERE id = NEW.organization_id;
        END IF;
        IF TG_OP <> 'INSERT' AND OLD.role = 'owner' THEN
            UPDATE tenancy_organization SET owner_count = owner_count - 1 WHERE id = OLD.organization_id;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER organization_owner_comes_or_goes
    AFTER INSERT OR DELETE OR UPDATE OF role, organization_id ON tenancy_organizationmembership
    FOR EACH ROW EXECUTE FUNCTION organization_counts_owners()
    """,
    """
    CREATE FUNCTION organization_starts_with_owners() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.owner_count <> (
            SELECT count(*) FROM tenancy_organizationmembership
            WHERE organization_id = NEW.id AND role = 'owner'
        ) THEN
            RAISE EXCEPTION 'organization_starts_with_owners' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER organization_starts_with_owners BEFORE INSERT ON tenancy_organization
    FOR EACH ROW EXECUTE FUNCTION organization_starts_with_owners()
    """,
]

STATEMENTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def make_triggers(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.alias != "default":
        return
    for statement in STATEMENTS[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenancy", "0001_initial")]
    operations: ClassVar = [migrations.RunPython(make_triggers, elidable=False)]
