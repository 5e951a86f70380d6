"""What a request says, field by field, each of the kind that it has to be."""

import json
from typing import Any

from adieu.clusters.engines.process.rest.answers import Code, refusal

INT32 = 2**31 - 1
# Deeper than any document that somebody wrote, and not too deep for whoever reads it later.
DEEPEST = 100


class Body:
    """The object that a request consists of, or one within it."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def has(self, name: str) -> bool:
        """Tell whether a field is given."""
        return self._fields.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """Give a text; without a default it must be there."""
        text: str = self._given(name, str, default)
        return text or self._missing(name) if default is None else text

    def whole(self, name: str, default: int) -> int:
        """Give an integer of 32 bits."""
        number: int = self._given(name, int, default)
        if abs(number) > INT32:
            raise _wrong(f"{name} is too large")
        return number

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Give a yes or no."""
        flag: bool = self._given(name, bool, default)
        return flag

    def texts(self, name: str, default: list[str] | None = None) -> list[str]:
        """Give a list of texts."""
        texts: list[str] = self._given(name, list, [] if default is None else default)
        if not all(isinstance(each, str) for each in texts):
            raise _wrong(f"{name} has to be a list of texts")
        return texts

    def part(self, name: str) -> "Body":
        """Give an object; an empty one, if it is not there."""
        return Body(self._given(name, dict, {}))

    def parts(self, name: str) -> list["Body"]:
        """Give a list of objects; an empty one, if it is not there."""
        return [Body(each) for each in self.objects(name)]

    def objects(self, name: str) -> list[dict[str, Any]]:
        """Give a list of objects as they were sent."""
        parts: list[Any] = self._given(name, list, [])
        if not all(isinstance(each, dict) for each in parts):
            raise _wrong(f"{name} has to be a list of objects")
        return parts

    def anything(self, name: str) -> Any:
        """Give whatever is there, or nothing."""
        return self._fields.get(name)

    def items(self) -> list[tuple[str, Any]]:
        """Give all fields."""
        return list(self._fields.items())

    def require(self, name: str) -> None:
        """Refuse a request without a field."""
        if not self._fields.get(name):
            self._missing(name)

    def _given(self, name: str, kind: type, default: Any) -> Any:
        value = self._fields.get(name)
        if value is None:
            return self._missing(name) if default is None else default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise _wrong(f"{name} has to be {KINDS[kind]}")
        return value

    def _missing(self, name: str) -> Any:
        raise refusal(Code.MISSING, f"{name} is required")


KINDS = {
    str: "a text",
    int: "an integer",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def read_body(raw: bytes) -> Body:
    """Read the body of a request.

    Raises:
        Refused: it is no object in JSON.
    """
    try:
        fields = json.loads(raw.decode(), parse_constant=_refuse_constant)
    except ValueError:
        raise _wrong("the body is no JSON") from None
    except RecursionError:
        raise _wrong("the body is nested too deeply") from None
    if not isinstance(fields, dict):
        raise _wrong("the body has to be an object; {} is one")
    return Body(fields)


def document(value: Any) -> bytes:
    """Write a value as a document that the engine keeps.

    Raises:
        Refused: it cannot be kept.
    """
    _require_shallow(value, DEEPEST)
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        raise _wrong("a document holds a number that is too large, or half a character") from None


def _require_shallow(value: Any, left: int) -> None:
    if not isinstance(value, dict | list):
        return
    if not left:
        raise _wrong("a document is nested too deeply")
    for each in value.values() if isinstance(value, dict) else value:
        _require_shallow(each, left - 1)


def _refuse_constant(_: str) -> None:
    # Python reads NaN and Infinity, which are no JSON.
    raise ValueError


def _wrong(what: str) -> Exception:
    return refusal(Code.NOT_READABLE, what)
