"""Answering one request: which route it is for, and what comes of it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

from adieu.clusters.doors import DoorShut
from adieu.clusters.engines.process.bounds import Bounds
from adieu.clusters.engines.process.rest import collections, entities, searches
from adieu.clusters.engines.process.rest.answers import (
    Answer,
    Code,
    Refused,
    carried_out,
    not_let_in,
    refusal,
    refused,
)
from adieu.clusters.engines.process.rest.bodies import Body, read_body
from adieu.clusters.engines.process.rest.calls import Calls, Server
from adieu.clusters.engines.process.rest.heads import Head
from adieu.clusters.engines.process.visits import Context, Visits
from adieu.kit import logs

PREFIX = "/v2/vectordb/"

type Route = Callable[[Calls, Body], dict[str, Any]]

ROUTES: dict[str, Route] = {
    "databases/list": collections.list_databases,
    "collections/list": collections.list_collections,
    "collections/has": collections.has,
    "collections/create": collections.create,
    "collections/describe": collections.describe,
    "collections/drop": collections.drop,
}
ROUTES_OF_ROWS: dict[str, Callable[..., dict[str, Any]]] = {
    "entities/insert": entities.insert,
    "entities/upsert": entities.upsert,
    "entities/get": entities.get,
    "entities/query": entities.query,
    "entities/delete": entities.delete,
    "entities/search": searches.search,
    "entities/hybrid_search": searches.hybrid_search,
}


class RestApi:
    """Answers requests with calls to the gRPC server of the cluster."""

    def __init__(self, path: str, bounds: Bounds, visits: Visits) -> None:
        self._server, self._visits = Server(path, bounds), visits

    @contextmanager
    def visit(self, token: str, request: Context) -> Iterator[None]:
        """Let one request in for as long as it is open, and cancel it when its caller may not stay.

        Raises:
            Refused: it may not come in.
        """
        try:
            with self._visits.visit(token, request) as call:
                # How long a body may take is counted where it is read.
                call.has_message = True
                yield
        except DoorShut as shut:
            raise not_let_in(shut.reason) from None

    def answer(self, head: Head, raw: bytes) -> Answer:
        """Answer one request."""
        try:
            return carried_out(self._carry_out(head, raw))
        except Refused as refusal_:
            if refusal_.status is HTTPStatus.UNAUTHORIZED:
                # Nothing more is heard from them.
                raise
            return refused(refusal_)
        except UnicodeEncodeError:
            return refused(refusal(Code.NOT_READABLE, "a text holds half a character"))
        except Exception as error:  # noqa: BLE001 - what nobody foresaw ends one request, and is looked into
            logs.record("cluster.request_failed", level=logging.ERROR, exception=error)
            what = "This cluster could not answer; its log says where."
            return refused(Refused(Code.UNEXPECTED, what, status=HTTPStatus.INTERNAL_SERVER_ERROR))

    def _carry_out(self, head: Head, raw: bytes) -> dict[str, Any]:
        route = _route(head)
        body = read_body(raw)
        return route(self._server.called_by(head.token, database=body.text("dbName", "")), body)


def _route(head: Head) -> Route:
    name = head.path.removeprefix(PREFIX)
    if name == head.path:
        where = f"This address answers {PREFIX}… and the clients of Milvus."
        raise refusal(Code.NOT_OFFERED, where, status=HTTPStatus.NOT_FOUND)
    if head.method != "POST":
        raise refusal(Code.NOT_OFFERED, "Send it with POST.", status=HTTPStatus.METHOD_NOT_ALLOWED)
    if name in ROUTES_OF_ROWS:
        return partial(ROUTES_OF_ROWS[name], reads_int64=head.reads_int64)
    if name not in ROUTES:
        raise refusal(Code.NOT_OFFERED, "This cluster does not offer that route.")
    return ROUTES[name]
