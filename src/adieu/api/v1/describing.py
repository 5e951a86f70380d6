"""What ninja does not know of refusals for the OpenAPI description: their media type, and the usual ones."""

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from adieu.kit.problem import MEDIA_TYPE

PROBLEM = {"$ref": "#/components/schemas/Problem"}
UNREADABLE = {"400": "The body is no JSON"}
NOT_LET_IN = {"401": "Nobody is signed in", "403": "The caller may not, or has to agree to the terms first"}


class DescribedAPI(NinjaAPI):
    """An API whose description names every refusal."""

    def get_openapi_schema(self, **asked: Any) -> OpenAPISchema:
        """Describe the API."""
        described = super().get_openapi_schema(**asked)
        for path in described["paths"].values():
            for operation in path.values():
                _complete(operation)
        return described


def _complete(operation: dict[str, Any]) -> None:
    usual = UNREADABLE if "requestBody" in operation else {}
    if "security" in operation:
        usual = usual | NOT_LET_IN
    # Ninja numbers its responses with ints, JSON with strings.
    responses = {str(status): response for status, response in operation["responses"].items()}
    for status, what in usual.items():
        responses.setdefault(status, {"description": what, "content": {MEDIA_TYPE: {"schema": PROBLEM}}})
    for status, response in responses.items():
        content = response.get("content", {})
        if status >= "400" and "application/json" in content:
            response["content"] = {MEDIA_TYPE: content["application/json"]}
    operation["responses"] = dict(sorted(responses.items()))
