"""What a collection is made of: as a request says it, and as Milvus does."""

import json
from typing import Any

from pymilvus.grpc_gen import common_pb2, schema_pb2

from adieu.clusters.engines.process.rest.answers import Code, refusal
from adieu.clusters.engines.process.rest.bodies import Body
from adieu.clusters.engines.process.rest.columns import DYNAMIC, SCALARS, Type

ID, VECTOR = "id", "vector"
ID_TYPES = {"": Type.Int64, "int64": Type.Int64, "varchar": Type.VarChar}


def pair(key: str, value: Any) -> Any:
    """Write a setting as Milvus has them."""
    said = value if isinstance(value, str) else json.dumps(value)
    return common_pb2.KeyValuePair(key=key, value=said)


def quick_schema(body: Body) -> Any:
    """Make the schema of a request that gives no more than a dimension."""
    dimension = body.whole("dimension", 0)
    if dimension < 1:
        raise refusal(Code.INVALID, "dimension is required, or a schema with fields")
    params, id_type = body.part("params"), body.text("idType", "").lower()
    if id_type not in ID_TYPES:
        raise refusal(Code.INVALID, "idType can only be [Int64, VarChar], default: Int64")
    schema = schema_pb2.CollectionSchema(
        name=body.text("collectionName"),
        description=body.text("description", ""),
        enable_dynamic_field=params.flag("enableDynamicField", default=True),
    )
    key = schema.fields.add(name=body.text("primaryFieldName", "") or ID, is_primary_key=True)
    key.data_type, key.autoID = ID_TYPES[id_type], body.flag("autoID")
    if key.data_type == Type.VarChar:
        params.require("max_length")
        key.type_params.append(pair("max_length", params.anything("max_length")))
    vector = schema.fields.add(name=body.text("vectorFieldName", "") or VECTOR, data_type=Type.FloatVector)
    vector.type_params.append(pair("dim", dimension))
    return schema


def full_schema(body: Body) -> Any:
    """Make the schema of a request that gives one."""
    given = body.part("schema")
    schema = schema_pb2.CollectionSchema(
        name=body.text("collectionName"),
        description=body.text("description", ""),
        enable_dynamic_field=given.flag("enableDynamicField"),
    )
    outputs = [_add_function(schema, each) for each in given.parts("functions")]
    for each in given.parts("fields"):
        field = _add_field(schema, each)
        field.autoID = field.is_primary_key and given.flag("autoID", default=given.flag("autoId"))
        field.is_function_output = any(field.name in names for names in outputs)
    return schema


def _add_field(schema: Any, given: Body) -> Any:
    field = schema.fields.add(
        name=given.text("fieldName"),
        data_type=_type(given.text("dataType")),
        is_primary_key=given.flag("isPrimary"),
        is_partition_key=given.flag("isPartitionKey"),
        is_clustering_key=given.flag("isClusteringKey"),
        nullable=given.flag("nullable"),
    )
    if field.data_type == Type.Array:
        field.element_type = _type(given.text("elementDataType"))
    for key, value in given.part("elementTypeParams").items():
        field.type_params.append(pair(key, value))
    if given.has("defaultValue"):
        _set_default(field, given.anything("defaultValue"))
    return field


def _add_function(schema: Any, given: Body) -> list[str]:
    kind = given.text("type")
    if kind not in schema_pb2.FunctionType.keys():  # noqa: SIM118 - an enum of protobuf
        raise refusal(Code.INVALID, f"there is no function type {kind}")
    outputs = given.texts("outputFieldNames")
    function = schema.functions.add(name=given.text("name"), type=kind)
    function.input_field_names.extend(given.texts("inputFieldNames"))
    function.output_field_names.extend(outputs)
    function.params.extend(pair(key, value) for key, value in given.part("params").items())
    return outputs


def _type(name: str) -> int:
    if name not in Type.keys():  # noqa: SIM118 - an enum of protobuf
        raise refusal(Code.INVALID, f"data type {name} is invalid(case sensitive)")
    value: int = Type.Value(name)
    return value


def _set_default(field: Any, value: Any) -> None:
    slot, check = SCALARS.get(field.data_type, ("", None))
    if check is None or slot not in field.default_value.DESCRIPTOR.fields_by_name:
        raise refusal(Code.INVALID, f"a field of its type has no default: {field.name}")
    try:
        setattr(field.default_value, slot, check(value))
    except (ValueError, TypeError):
        raise refusal(Code.INVALID, f"the default does not fit the field {field.name}") from None


def described(answer: Any) -> dict[str, Any]:
    """Tell what a collection is made of."""
    schema = answer.schema
    return {
        "collectionName": answer.collection_name,
        "collectionID": answer.collectionID,
        "description": schema.description,
        "autoId": any(field.autoID for field in schema.fields if field.is_primary_key),
        "fields": [_described_field(field) for field in schema.fields if field.name != DYNAMIC],
        "functions": [_described_function(each) for each in schema.functions],
        "shardsNum": answer.shards_num,
        "partitionsNum": answer.num_partitions,
        "consistencyLevel": common_pb2.ConsistencyLevel.Name(answer.consistency_level),
        "enableDynamicField": schema.enable_dynamic_field,
        "properties": _pairs(answer.properties),
    }


def _described_field(field: Any) -> dict[str, Any]:
    said = {
        "name": field.name,
        "id": field.fieldID,
        "type": Type.Name(field.data_type),
        "primaryKey": field.is_primary_key,
        "partitionKey": field.is_partition_key,
        "clusteringKey": field.is_clustering_key,
        "autoId": field.autoID,
        "description": field.description,
        "nullable": field.nullable,
    }
    if field.type_params:
        said["params"] = _pairs(field.type_params)
    if field.data_type == Type.Array:
        said["elementType"] = Type.Name(field.element_type)
    if field.HasField("default_value"):
        said["defaultValue"] = getattr(field.default_value, field.default_value.WhichOneof("data"))
    if field.is_function_output:
        said["isFunctionOutput"] = True
    return said


def _described_function(function: Any) -> dict[str, Any]:
    return {
        "name": function.name,
        "id": function.id,
        "description": function.description,
        "type": schema_pb2.FunctionType.Name(function.type),
        "inputFieldNames": list(function.input_field_names),
        "outputFieldNames": list(function.output_field_names),
        "params": _pairs(function.params),
    }


def _pairs(pairs: Any) -> list[dict[str, str]]:
    return [{"key": each.key, "value": each.value} for each in pairs]
