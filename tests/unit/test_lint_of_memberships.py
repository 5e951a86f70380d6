"""The house rule that memberships are written by the ownership door only (Rule O2)."""

import ast
from pathlib import Path

import pytest

from lints.memberships import DOOR
from lints.rules import Source, memberships_through_the_door


def findings(text: str, inside: str = "tenancy/invitations.py") -> list[str]:
    source = Source(path=Path(inside), inside=inside, text=text, tree=ast.parse(text))
    return [what for _, what in memberships_through_the_door(source)]


@pytest.mark.parametrize(
    "text",
    [
        "OrganizationMembership.objects.create(role='owner')",
        "OrganizationMembership.objects.bulk_create(rows)",
        "OrganizationMembership.objects.filter(id=1).update(role='owner')",
        "OrganizationMembership.objects.filter(id=1).exclude(id=2)[:1].delete()",
        "ProjectMembership.objects.get_or_create(member=member)",
        "models.ProjectMembership._default_manager.update_or_create(member=member)",
        "OrganizationMembership(account_id=1).save()",
        "models.OrganizationMembership(account_id=1)",
        "rows = [ProjectMembership(member=member) for member in members]",
        "async def f():\n    await OrganizationMembership.objects.acreate(role='owner')",
        "organization.memberships.create(account_id=1)",
        "standing.membership.delete()",
        "def f(membership: OrganizationMembership) -> None:\n    membership.save()",
        "def f(m: 'QuerySet[OrganizationMembership]') -> None:\n    m.update(role='owner')",
        "rows = OrganizationMembership.objects.all()\nmine = rows.filter(id=1)\nmine.delete()",
        "for row in OrganizationMembership.objects.all():\n    row.save()",
        "if row := OrganizationMembership.objects.first():\n    row.delete()",
        "member = OrganizationMembership.objects.get(id=1)\nmember.projects.create(project_id=2)",
        "sql.run('DELETE FROM tenancy_organizationmembership WHERE id = %s', [1])",
        "sql.run('UPDATE  tenancy_projectmembership'\n ' SET role = %s', ['owner'])",
        "sql.run('insert into \"tenancy_organizationmembership\" (role) VALUES (%s)', ['owner'])",
        "sql.run(f'DELETE FROM tenancy_projectmembership WHERE {condition}')",
    ],
)
def test_a_write_is_found_and_told_where_it_belongs(text: str) -> None:
    found = findings(text)
    assert found
    assert all("tenancy/ownership.py" in what and "Rule O2" in what for what in found)


@pytest.mark.parametrize(
    "text",
    [
        "OrganizationMembership.objects.filter(id=1).exists()",
        "Organization.objects.filter(id__in=OrganizationMembership.objects.values('id')).update(name='x')",
        "organization.projects.create(name='x')",
        "membership.organization.save()",
        "member = OrganizationMembership.objects.get(id=1)\nmember.api_keys.create(name='x')",
        "sql.run('SELECT id FROM tenancy_organizationmembership FOR UPDATE')",
        "sql.run('DELETE FROM tenancy_apikey WHERE member_id IN (SELECT id FROM tenancy_projectmembership)')",
        "rows: dict[int, str] = {}\nrows.update({1: 'x'})",
    ],
)
def test_reading_and_writing_other_things_is_free(text: str) -> None:
    assert findings(text) == []


def test_the_door_itself_writes() -> None:
    assert findings("OrganizationMembership.objects.create(role='owner')", inside=DOOR) == []
