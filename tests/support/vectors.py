"""What a person does with a cluster: in a process of its own, with the client that they have."""

import os
import subprocess
import sys

SECONDS = 60


def run(program: str) -> str:
    """Run a Python program as somebody else's, and give what it printed."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ADIEU_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.stdout if done.returncode == 0 else done.stdout + done.stderr


def client(address: str, key: str, act: str) -> str:
    """Connect, do something with `client`, and give what was printed, or the error."""
    program = f"from pymilvus import MilvusClient\nclient = MilvusClient(uri={address!r}, token={key!r})\n"
    return run(program + act)
