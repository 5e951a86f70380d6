"""Zilliz's own MCP server, unmodified, as an assistant runs it: a process that is spoken to over MCP."""

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import TextContent

PROGRAM = Path(sys.executable).with_name("zilliz-mcp-server")
PATIENCE = timedelta(seconds=60)


class ToolFailed(Exception):
    """A tool could not do it; what it says is what a person reads."""


class Assistant:
    """An assistant that has Zilliz's tools."""

    def __init__(self, portal: BlockingPortal, session: ClientSession) -> None:
        self._portal, self._session = portal, session

    def tools(self) -> set[str]:
        """Name the tools."""
        return {tool.name for tool in self._portal.call(self._session.list_tools).tools}

    def does(self, tool: str, **arguments: Any) -> Any:
        """Call a tool, and give what it answers: read as JSON where it is JSON.

        Raises:
            ToolFailed: the tool says so.
        """
        result = self._portal.call(self._session.call_tool, tool, arguments)
        text = "".join(part.text for part in result.content if isinstance(part, TextContent))
        if result.isError:
            raise ToolFailed(text)
        try:
            return json.loads(text)
        except ValueError:
            return text


@contextmanager
def assistant(url: str, key: str) -> Iterator[Assistant]:
    """Start the server, pointed at a console, with an API key."""
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_session(url, key, nowhere)) as session,
    ):
        yield Assistant(portal, session)


@asynccontextmanager
async def _session(url: str, key: str, log: TextIO) -> AsyncIterator[ClientSession]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ADIEU_")}
    here = {"ZILLIZ_CLOUD_URI": url, "ZILLIZ_CLOUD_TOKEN": key, "NO_PROXY": "127.0.0.1"}
    server = StdioServerParameters(command=str(PROGRAM), env={**kept, **here})
    async with (
        stdio_client(server, errlog=log) as (read, write),
        ClientSession(read, write, read_timeout_seconds=PATIENCE) as session,
    ):
        await session.initialize()
        yield session
