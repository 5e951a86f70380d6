"""The web processes: granian, and in each of its workers our WSGI application."""

import logging
import os
import signal
import sys
from functools import partial
from importlib import import_module
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from adieu.kit import logs
from adieu.kit.environment import Environment
from adieu.ops.processes import die_with

APPLICATION = "adieu.config.wsgi"
SECONDS_TO_FINISH = 5


def serve_web(environment: Environment) -> None:
    """Serve the console until told to end."""
    server = Granian(
        f"{APPLICATION}:application",
        address=environment.bind.host,
        port=environment.bind.port,
        interface=Interfaces.WSGI,
        workers=environment.web_processes,
        blocking_threads=2,
        websockets=False,
        # A header is never longer than this on our pages, so a longer one is an attack or a mistake.
        http1_settings=HTTP1Settings(max_buffer_size=64 * 1024, header_read_timeout=10_000),
        log_level=LogLevels.warning,
        log_dictconfig=logs.configuration(),
        respawn_failed_workers=True,
        workers_kill_timeout=SECONDS_TO_FINISH,
    )
    server.serve(target_loader=partial(_load_application, os.getpid()), wrap_loader=False)


def _load_application(parent: int) -> Any:
    """Load the application, in the process that will run it."""
    die_with(parent, signal.SIGKILL)
    logs.write_crashes_opaquely()
    try:
        return import_module(APPLICATION).application
    except Exception as error:  # noqa: BLE001 - whatever it is, the process cannot serve
        # What is left to multiprocessing, it prints with its message.
        logs.record("process.crashed", level=logging.CRITICAL, exception=error)
        sys.exit(1)
