"""Everything that a console can be asked for: every URL of the URL conf, every endpoint as described."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from adieu.api.v1.service import api
from adieu.api.v2.service import api as zilliz

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\{(\w+)\}")
FIELD = re.compile(r"""<(?:input|select|textarea|button)[^>]*\bname="([\w-]+)\"""")
# What Django's own resolver lists twice: described endpoints are driven by their description.
DESCRIBED = {
    PARAMETER.sub("{}", path) for each in (api, zilliz) for path in each.get_openapi_schema()["paths"]
}


@dataclass(frozen=True)
class Target:
    """Something that can be asked for: an address with parameters, how, and what a body may hold."""

    method: str
    path: str
    schema: dict[str, Any] | None = None
    query: tuple[str, ...] = ()

    @property
    def is_endpoint(self) -> bool:
        return self.path.startswith("/api/") or self.is_of_zilliz

    @property
    def is_of_zilliz(self) -> bool:
        return self.path.startswith("/v2/")

    @property
    def subject(self) -> str:
        """What it is about: the first word of its address."""
        return next((word for word in self.path.split("/") if word not in {"", "api", "v1", "v2"}), "")

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"


def pages() -> list[Target]:
    """List every URL of the URL conf that is not a described endpoint, to be read and to be written to."""
    paths = [f"/{path}" for path in _walk(get_resolver().url_patterns)]
    shown = [path for path in paths if PARAMETER.sub("{}", path) not in DESCRIBED]
    return [Target(method, path) for path in shown for method in ("GET", "POST")]


def endpoints() -> list[Target]:
    """List every endpoint of the OpenAPI descriptions."""
    described = [each.get_openapi_schema() for each in (api, zilliz)]
    found = [
        Target(method.upper(), path, _body(operation, schema["components"]["schemas"]), _query(operation))
        for schema in described
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    ]
    # Whoever deletes goes last, so that others find something.
    return sorted(found, key=lambda target: target.method == "DELETE")


def _walk(patterns: Sequence[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        else:
            yield path


def _body(operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return None
    schema: dict[str, Any] = content["application/json"]["schema"]
    # The two descriptions may call different things alike.
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _query(operation: dict[str, Any]) -> tuple[str, ...]:
    return tuple(each["name"] for each in operation.get("parameters", ()) if each["in"] == "query")
