"""Rows as clients send and get them, and columns as Milvus does."""

import json
import math
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pymilvus.grpc_gen import schema_pb2

from adieu.clusters.engines.process.rest import vectors
from adieu.clusters.engines.process.rest.answers import Code, refusal
from adieu.clusters.engines.process.rest.bodies import document

Type = schema_pb2.DataType
DYNAMIC = "$meta"
ALL = "*"
LARGEST_FLOAT = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]


def _whole(bits: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        # Clients that cannot write integers of 64 bits send them as texts.
        number = int(value) if isinstance(value, str) and len(value) <= 20 else value  # noqa: PLR2004
        if not isinstance(number, int) or isinstance(number, bool) or not -(2**bits) <= number < 2**bits:
            raise ValueError
        return number

    return check


def _number(largest: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError
        if not math.isfinite(value) or abs(value) > largest:
            raise ValueError
        return float(value)

    return check


def _only(kind: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, kind):
            raise TypeError
        return value

    return check


# Where Milvus keeps the values of a type, and what they may be.
SCALARS: dict[int, tuple[str, Callable[[Any], Any]]] = {
    Type.Bool: ("bool_data", _only(bool)),
    Type.Int8: ("int_data", _whole(7)),
    Type.Int16: ("int_data", _whole(15)),
    Type.Int32: ("int_data", _whole(31)),
    Type.Int64: ("long_data", _whole(63)),
    Type.Float: ("float_data", _number(LARGEST_FLOAT)),
    Type.Double: ("double_data", _number(math.inf)),
    Type.VarChar: ("string_data", _only(str)),
    Type.JSON: ("json_data", document),
    Type.Geometry: ("geometry_wkt_data", _only(str)),
    Type.Timestamptz: ("string_data", _only(str)),
}


def columns_of(rows: list[dict[str, Any]], schema: Any) -> list[Any]:
    """Turn rows into columns.

    Raises:
        Refused: a row does not fit the collection.
    """
    fields = [field for field in schema.fields if not field.is_dynamic]
    columns = [_column(field, rows) for field in fields if _is_sent(field, rows)]
    names = {field.name for field in fields}
    more = [{name: row[name] for name in row if name not in names} for row in rows]
    if schema.enable_dynamic_field:
        columns.append(_dynamic(more))
    elif unknown := next((name for row in more for name in row), None):
        raise refusal(Code.WRONG_ROWS, f"the collection has no field {unknown}")
    return columns


def _is_sent(field: Any, rows: list[dict[str, Any]]) -> bool:
    if (field.is_primary_key and field.autoID) or field.is_function_output:
        return any(row.get(field.name) is not None for row in rows)
    return True


def _column(field: Any, rows: list[dict[str, Any]]) -> Any:
    data = schema_pb2.FieldData(field_name=field.name, type=field.data_type)
    values = [row.get(field.name) for row in rows]
    if field.nullable or field.HasField("default_value"):
        data.valid_data.extend(value is not None for value in values)
        values = [value for value in values if value is not None]
    elif None in values:
        raise refusal(Code.WRONG_ROWS, f"the field {field.name} is missing")
    try:
        _fill(data, field, values)
    except (ValueError, TypeError, OverflowError):
        kind = Type.Name(field.data_type)
        raise refusal(Code.WRONG_ROWS, f"a value of the field {field.name} is no {kind} of it") from None
    return data


def _fill(data: Any, field: Any, values: list[Any]) -> None:
    if field.data_type in vectors.KINDS:
        vectors.fill(data, field, values)
    elif field.data_type == Type.Array:
        slot, check = SCALARS[field.element_type]
        data.scalars.array_data.element_type = field.element_type
        for value in map(_only(list), values):
            element = data.scalars.array_data.data.add()
            getattr(element, slot).data.extend(map(check, value))
    elif field.data_type in SCALARS:
        slot, check = SCALARS[field.data_type]
        # Also without any value, so that it is known what they would be.
        getattr(data.scalars, slot).SetInParent()
        getattr(data.scalars, slot).data.extend(map(check, values))
    else:
        kind = Type.Name(field.data_type)
        raise refusal(Code.WRONG_ROWS, f"the field {field.name} is a {kind}, which only gRPC takes here")


def _dynamic(more: list[dict[str, Any]]) -> Any:
    if any(DYNAMIC in row for row in more):
        raise refusal(Code.WRONG_ROWS, f"no field may be called {DYNAMIC}")
    data = schema_pb2.FieldData(field_name=DYNAMIC, type=Type.JSON, is_dynamic=True)
    data.scalars.json_data.data.extend(map(document, more))
    return data


def rows_of(columns: Iterable[Any], *, asked: Sequence[str], reads_int64: bool) -> list[dict[str, Any]]:
    """Turn columns into rows; of the dynamic fields only those that were asked for."""
    rows: list[dict[str, Any]] = []
    for column in columns:
        values = _values(column, reads_int64=reads_int64)
        rows.extend({} for _ in range(len(values) - len(rows)))
        for row, value in zip(rows, values, strict=True):
            if column.is_dynamic:
                row.update(_wanted(value or {}, asked))
            else:
                row[column.field_name] = value
    return rows


def _wanted(dynamic: dict[str, Any], asked: Sequence[str]) -> dict[str, Any]:
    everything = ALL in asked or DYNAMIC in asked
    return {name: value for name, value in dynamic.items() if everything or name in asked}


def _values(column: Any, *, reads_int64: bool) -> list[Any]:
    values = vectors.values(column) if column.type in vectors.KINDS else _scalars(column.scalars)
    if column.type == Type.Int64 and not reads_int64:
        values = [str(value) for value in values]
    valid = list(column.valid_data)
    if not valid:
        return values
    # Some send a value for each row, some only those that there are.
    present = iter(values)
    if len(values) < len(valid):
        return [next(present) if is_there else None for is_there in valid]
    return [value if is_there else None for is_there, value in zip(valid, values, strict=True)]


def _scalars(scalars: Any) -> list[Any]:
    slot = scalars.WhichOneof("data")
    if slot is None:
        return []
    values = list(getattr(scalars, slot).data)
    if slot == "json_data":
        return [json.loads(value) if value else None for value in values]
    if slot == "array_data":
        return [_scalars(value) for value in values]
    return values
