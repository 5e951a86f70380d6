"""Vectors as JSON has them, and as Milvus does."""

import base64
import math
import struct
from typing import Any

from pymilvus.grpc_gen import common_pb2, schema_pb2

from adieu.clusters.engines.process.rest.answers import Code, refusal

Type = schema_pb2.DataType
Place = common_pb2.PlaceholderType
# Of those of bytes, which JSON has as base64: how many bytes there are for eight dimensions.
BYTES = {
    Type.BinaryVector: ("binary_vector", 1),
    Type.Float16Vector: ("float16_vector", 16),
    Type.BFloat16Vector: ("bfloat16_vector", 16),
}
KINDS = frozenset({Type.FloatVector, Type.SparseFloatVector, *BYTES})
LARGEST_INDEX = 2**32 - 2


def dimension_of(field: Any) -> int:
    """Tell how many dimensions the vectors of a field have; 0 for sparse ones."""
    return next((int(pair.value) for pair in field.type_params if pair.key == "dim"), 0)


def fill(data: Any, field: Any, values: list[Any]) -> None:
    """Put vectors into a column.

    Raises:
        ValueError, TypeError: one does not fit.
    """
    dimension = dimension_of(field)
    if field.data_type == Type.SparseFloatVector:
        rows = [_sparse(value) for value in values]
        data.vectors.sparse_float_vector.contents.extend(_packed(row) for row in rows)
        dimension = max((index + 1 for row in rows for index in row), default=0)
        data.vectors.sparse_float_vector.dim = dimension
    elif field.data_type == Type.FloatVector:
        data.vectors.float_vector.SetInParent()
        for value in values:
            data.vectors.float_vector.data.extend(_floats(value, dimension))
    else:
        slot, _ = BYTES[field.data_type]
        joined = b"".join(_bytes(value, field.data_type, dimension) for value in values)
        setattr(data.vectors, slot, joined)
    data.vectors.dim = dimension


def values(column: Any) -> list[Any]:
    """Give the vectors of a column."""
    if column.type == Type.SparseFloatVector:
        return [_unpacked(each) for each in column.vectors.sparse_float_vector.contents]
    dimension = column.vectors.dim
    if column.type == Type.FloatVector:
        numbers = list(column.vectors.float_vector.data)
        return [numbers[at : at + dimension] for at in range(0, len(numbers), dimension or 1)]
    slot, per_eight = BYTES[column.type]
    joined, size = getattr(column.vectors, slot), dimension * per_eight // 8
    return [base64.b64encode(joined[at : at + size]).decode() for at in range(0, len(joined), size or 1)]


def placeholders(asked: Any, field: Any, *, is_text: bool) -> bytes:
    """Write what is searched for.

    Raises:
        Refused: it does not fit the field.
    """
    if not isinstance(asked, list):
        raise refusal(Code.NOT_READABLE, "data has to be a list")
    kind = Place.VarChar if is_text else Place.Value(Type.Name(field.data_type))
    try:
        values_ = [_text(each) if is_text else _sought(each, field) for each in asked]
    except (ValueError, TypeError, OverflowError):
        what = f"the field {field.name} is searched with vectors of {dimension_of(field)} dimensions"
        sparse = f"the field {field.name} is searched with sparse vectors"
        texts = f"the field {field.name} is searched with texts"
        said = texts if is_text else sparse if field.data_type == Type.SparseFloatVector else what
        raise refusal(Code.NOT_READABLE, said) from None
    group = common_pb2.PlaceholderGroup()
    group.placeholders.add(tag="$0", type=kind, values=values_)
    written: bytes = group.SerializeToString()
    return written


def _sought(value: Any, field: Any) -> bytes:
    dimension = dimension_of(field)
    if field.data_type == Type.SparseFloatVector:
        return _packed(_sparse(value))
    if field.data_type == Type.FloatVector:
        return struct.pack(f"<{dimension}f", *_floats(value, dimension))
    return _bytes(value, field.data_type, dimension)


def _text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError
    return value.encode()


def _floats(value: Any, dimension: int) -> list[float]:
    if not isinstance(value, list) or len(value) != dimension:
        raise ValueError
    return [_float(each) for each in value]


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    # More than fits is refused by this, and not by whoever reads it later.
    number: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return number


def _bytes(value: Any, kind: int, dimension: int) -> bytes:
    raw = base64.b64decode(_text(value), validate=True)
    if len(raw) * 8 != dimension * BYTES[kind][1]:
        raise ValueError
    return raw


def _sparse(value: Any) -> dict[int, float]:
    """Read `{"1": 0.5}`, or `{"indices": [1], "values": [0.5]}`."""
    if not isinstance(value, dict):
        raise TypeError
    if set(value) == {"indices", "values"}:
        pairs = list(zip(value["indices"], value["values"], strict=True))
    else:
        pairs = [(int(index), number) for index, number in value.items()]
    found = {index: _float(number) for index, number in pairs}
    if not all(type(index) is int and 0 <= index <= LARGEST_INDEX for index in found):
        raise ValueError
    return found


def _packed(row: dict[int, float]) -> bytes:
    return b"".join(struct.pack("<If", index, row[index]) for index in sorted(row))


def _unpacked(raw: bytes) -> dict[str, float]:
    return {str(index): number for index, number in struct.iter_unpack("<If", raw)}
