"""What to put into addresses, queries and bodies: ids of real things, and marks."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from adieu.api.v1.service import api
from adieu.api.v2 import ids as zilliz
from tests.support.marking import Marks
from tests.support.targets import PARAMETER, Target

# What things are called and described by; the main database has these, and searches by them.
OF_THINGS = {"name", "clusterName", "projectName", "description", "website", "subject"}


@dataclass(frozen=True)
class Filling:
    """What to put into addresses, queries and bodies."""

    marks: Marks
    # By the name of a parameter; a token depends on the page.
    ids: dict[str, str]
    tokens: dict[str, str]

    def path(self, target: Target, *, is_real: bool) -> str:
        """Fill the parameters of an address; a parameter that we know nothing for is an error."""

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            ids = self.ids_of_zilliz if target.is_of_zilliz else self.ids
            real = self.tokens[target.subject] if name == "token" else ids[name]
            return real if is_real else quote(self.marks.address(), safe="")

        return PARAMETER.sub(value, target.path)

    @property
    def ids_of_zilliz(self) -> dict[str, str]:
        """The same ids, as clients of `/v2` write them."""
        return {
            "cluster_id": zilliz.CLUSTER.write(UUID(self.ids["cluster_id"])),
            "project_id": zilliz.PROJECT.write(UUID(self.ids["project_id"])),
            "rest": "volumes/list",
        }

    def query(self, target: Target) -> str:
        """Give a query with marks in every parameter that is known, and in one that is not."""
        names = [*target.query, "next", "q", "cursor", "page", self.marks.word()]
        return urlencode({name: self.marked(target, name) for name in names})

    def believable(self, target: Target, name: str) -> str:
        """Give a marked value that a field of this name takes."""
        named = self.marked(target, name)
        values = {
            "account_id": self.ids["member_id"],
            "addresses": self.marks.address(),
            "code": "12345678",
            "country": "DE",
            "email": self.marks.address(),
            "ends": "30",
            "expires_at": "2999-01-01T00:00:00Z",
            "id": self.ids["project_id"],
            "login": self.marks.address(),
            "member": self.ids["member_id"],
            "organization": self.ids["organization_id"],
            "project": self.ids["project_id"],
            "projectId": self.ids_of_zilliz["project_id"],
            "project_role": "member",
            "reason": "privacy",
            "role": "member",
            "terms": "on",
            "theme": "dark",
            "time_zone": "UTC",
            "website": f"https://{named}.example.org/",
        }
        return values.get(name, named)

    def marked(self, target: Target, name: str) -> str:
        """Give a mark for a field: of a thing where one is named, else of a person."""
        is_thing = target.subject in {"organizations", "projects", "clusters"} and name in OF_THINGS
        return self.marks.name() if is_thing else self.marks.word()

    def json(self, target: Target, schema: dict[str, Any], *, is_believable: bool) -> Any:
        """Give a body after its description: one that it takes, or marks wherever there is a place."""
        if not is_believable:
            names = _resolved(schema).get("properties", {})
            word = self.marks.word
            return {name: self.marked(target, name) for name in names} | {word(): [word()]}
        return self._value(target, "", schema)

    def _value(self, target: Target, name: str, schema: dict[str, Any]) -> Any:
        schema = _resolved(schema)
        match schema.get("type"):
            case "object":
                return {
                    each: self._value(target, each, inside)
                    for each, inside in schema.get("properties", {}).items()
                }
            case "array":
                return [self._value(target, name.removesuffix("s"), schema["items"])]
            case "integer":
                return 1
            case "boolean":
                return True
            case _:
                return self.believable(target, name)


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Follow references, and take the first of several shapes."""
    while True:
        if "$ref" in schema:
            schema = api.get_openapi_schema()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif shapes := schema.get("anyOf") or schema.get("allOf"):
            schema = shapes[0]
        else:
            return schema
