"""Errors as problem+json (RFC 9457)."""

from datetime import timedelta
from math import ceil
from typing import Any

from django.http import JsonResponse

MEDIA_TYPE = "application/problem+json"


def problem(*, status: int, code: str, title: str, detail: str = "", **members: Any) -> JsonResponse:
    """Make a problem response.

    Args:
        code: the stable name of the problem, `verification-code-wrong`; its type is a URN made of it.
        title: what happened, the same for every occurrence.
        detail: what happened here, and what helps.
        members: further members, as RFC 9457 section 3.2 allows.
    """
    body = {"type": f"urn:adieu:problem:{code}", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    return JsonResponse({**body, **members}, status=status, content_type=MEDIA_TYPE)


def too_many(*, retry_after: timedelta, detail: str = "") -> JsonResponse:
    """Make the problem response for a limit that is reached, with Retry-After (RFC 9110 section 10.2.3)."""
    seconds = max(1, ceil(retry_after.total_seconds()))
    response = problem(status=429, code="limit-reached", title="That was tried too often.", detail=detail)
    response["Retry-After"] = str(seconds)
    return response
