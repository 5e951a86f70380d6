"""Keeping a call within the database of its cluster.

Milvus checks what a user may do in the database that the headers name, and then does it in the one that the
message names. So both are set, in the message wherever it names one.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from pymilvus.grpc_gen import milvus_pb2, schema_pb2

DEFAULT = "default"
DATABASES = frozenset({"db_name", "dbName", "newDBName"})
COLLECTION_NUMBERS = frozenset({"collectionID", "collection_id"})
PART_NUMBERS = frozenset({"partition_id", "segment_ids"})
# A collection whose rows the server reads from elsewhere, with its own rights there.
ELSEWHERE = ("external_source", "external_spec")
# Everything else stays here: one header of Milvus' own parts opens every door of it.
HEADERS_PASSED_ON = frozenset(
    {
        *("identifier", "client-request-id", "client_request_id"),
        *("client-request-unixmsec", "client_request_unixmsec", "traceparent"),
    }
)

OTHER_DATABASE = 'This cluster is one database. Leave the database out, or name it "default".'
OTHER_COLLECTION = "This cluster has no collection of that number."
PART_NAMED = "A collection of this cluster is compacted as a whole."
NO_SCHEMA = "The schema of the collection cannot be read."
NEWER = "This console is older than a part of what was sent, and does not pass on what it does not know."
ROWS_ELSEWHERE = "A collection of this cluster holds its own rows; it reads none from elsewhere."


class Confined(Exception):
    """A call wants something outside of its cluster's database. The reason is shown to the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# Tells whether a collection of that number is in the cluster's database.
type IsOurs = Callable[[int], bool]


def headers(metadata: Iterable[tuple[str, str | bytes]], *, database: str) -> list[tuple[str, str | bytes]]:
    """Give the headers to pass on.

    Raises:
        Confined: they name another database.
    """
    passed = []
    for key, value in metadata:
        if key == "dbname":
            _require_ours(value, database)
        elif key in HEADERS_PASSED_ON:
            passed.append((key, value))
    return [*passed, ("dbname", database)]


def confine(message: Any, *, database: str, is_ours: IsOurs) -> None:
    """Set the database in a message, and in those within it.

    Raises:
        Confined: it names another database, or something that is not in this one.
    """
    for each in _messages(message):
        _require_known(each)
        names = each.DESCRIPTOR.fields_by_name
        for field in DATABASES.intersection(names):
            _require_ours(getattr(each, field), database)
            setattr(each, field, database)
        for field in COLLECTION_NUMBERS.intersection(names):
            if not all(is_ours(number) for number in _numbers(getattr(each, field))):
                raise Confined(OTHER_COLLECTION)
        if any(getattr(each, field) for field in PART_NUMBERS.intersection(names)):
            raise Confined(PART_NAMED)
    if isinstance(message, milvus_pb2.CreateCollectionRequest):
        message.schema = _confined_schema(message.schema, database)


def reveal(answer: Any) -> None:
    """Call the database in an answer as the caller knows it."""
    for each in _messages(answer):
        for field in DATABASES.intersection(each.DESCRIPTOR.fields_by_name):
            setattr(each, field, DEFAULT)


def names_a_database(kind: Any) -> bool:
    """Tell whether messages of a kind, or those within them, may name a database."""
    return kind.full_name in NAMING


def _require_ours(named: str | bytes, database: str) -> None:
    if named not in {"", DEFAULT, database}:
        raise Confined(OTHER_DATABASE)


def _require_known(message: Any) -> None:
    # A newer server may find another database in it.
    if len(UnknownFieldSet(message)):
        raise Confined(NEWER)


def _numbers(given: Any) -> set[int]:
    """Give the numbers of a field that holds one or several; 0 names nothing."""
    return {number for number in ([given] if isinstance(given, int) else given) if number}


def _confined_schema(raw: bytes, database: str) -> bytes:
    """Set the database in a schema, which stands in its message as bytes."""
    try:
        schema = schema_pb2.CollectionSchema.FromString(raw)
    except DecodeError:
        raise Confined(NO_SCHEMA) from None
    _require_known(schema)
    if any(getattr(schema, field) for field in ELSEWHERE):
        raise Confined(ROWS_ELSEWHERE)
    if not schema.dbName:
        return raw
    _require_ours(schema.dbName, database)
    schema.dbName = database
    return bytes(schema.SerializeToString())


def _messages(message: Any) -> Iterator[Any]:
    """Give a message, and those within it that may name a database."""
    yield message
    for field in message.DESCRIPTOR.fields:
        if field.message_type is None or not names_a_database(field.message_type):
            continue
        inner = getattr(message, field.name)
        for each in inner if field.is_repeated else (inner,):
            yield from _messages(each)


def _kinds(kind: Any, known: dict[str, Any]) -> dict[str, Any]:
    """Give a kind of message, and those that may stand within it."""
    if kind.full_name not in known:
        known[kind.full_name] = kind
        for field in kind.fields:
            if field.message_type:
                _kinds(field.message_type, known)
    return known


def _naming() -> frozenset[str]:
    """Name the kinds of messages that may name a database, themselves or within."""
    known: dict[str, Any] = {}
    for method in milvus_pb2.DESCRIPTOR.services_by_name["MilvusService"].methods:
        _kinds(method.input_type, known)
        _kinds(method.output_type, known)
    naming = {name for name, kind in known.items() if DATABASES.intersection(kind.fields_by_name)}
    while around := {
        name
        for name, kind in known.items()
        if name not in naming
        and any(field.message_type and field.message_type.full_name in naming for field in kind.fields)
    }:
        naming |= around
    return frozenset(naming)


# Once for all: it is looked up for every message.
NAMING = _naming()
