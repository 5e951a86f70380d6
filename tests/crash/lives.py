"""A loaded process that forks lives (`life.py`), and what surrounds it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.crash.databases import Copies, copies
from tests.support.smtp import SmtpServer

KILLED = -9


class Lives:
    """A loaded process that forks lives, the data folder they live in, and how it was at the start."""

    def __init__(self, folder: Path, mail: SmtpServer, database: Copies) -> None:
        self.data, self.template, self.mail, self.database = folder / "data", folder / "start", mail, database
        environ = {name: value for name, value in os.environ.items() if not name.startswith("ADIEU_")}
        self.settings = {
            "ADIEU_DATA_DIR": str(self.data),
            "ADIEU_SMTP_URL": mail.url,
            "ADIEU_MAIL_FROM": "adieu@example.org",
            **database.urls,
        }
        if not database.urls:
            # Inside, so that it goes back with all else.
            (self.data / "copies").mkdir(parents=True)
            self.settings["ADIEU_VAULT_COPY"] = str(self.data / "copies" / "vault.sqlite3")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.life"],
            env={**environ, **self.settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "stderr").open("w"),
            text=True,
        )

    @property
    def errors(self) -> str:
        """What lives wrote to standard error."""
        return (self.data.parent / "stderr").read_text()

    def __call__(self, *act: str) -> tuple[int, Any]:
        """Live once."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(act) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer["status"] in {0, KILLED}, self.errors
        return answer["status"], answer["said"]

    def keep_start(self) -> None:
        """Remember how everything is now."""
        shutil.copytree(self.data, self.template)
        self.database.keep_start()

    def go_back(self) -> None:
        """Make everything as it was at the start."""
        shutil.rmtree(self.data)
        shutil.copytree(self.template, self.data)
        self.database.go_back()

    def restore(self) -> None:
        """Restore the databases from a backup of the start; the ledger stays as it is."""
        ledger = self.data / "ledger.jsonl"
        kept = ledger.read_bytes() if ledger.exists() else None
        shutil.rmtree(self.data)
        shutil.copytree(self.template, self.data)
        if kept is not None:
            ledger.write_bytes(kept)
        self.database.go_back(but="ADIEU_LEDGER")


@contextmanager
def prepared_lives(folder: Path, server: str | None = None) -> Iterator[Lives]:
    """Prepare a start for lives, on the server that the tests run on or on this one."""
    with SmtpServer() as mail, copies(server) as database:
        running = Lives(folder, mail, database)
        try:
            status, _ = running("prepare")
            assert status == 0
            running.keep_start()
            yield running
        finally:
            running.process.kill()
            running.process.wait()
