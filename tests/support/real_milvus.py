"""A real Milvus for the tests: the server of the PyPI package `milvus`, which nothing else needs.

It is no dependency, because it is 55 MB that only `make test-all` uses. It is fetched once into a folder
beside the temporary ones. Where that cannot be done the tests fail and say so.
"""

import lzma
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adieu.clusters.engines.milvus_server.server import Server
from tests.support.clusters import free_port, wait_until

VERSION = "2.3.5"
CACHE = Path(tempfile.gettempdir()) / f"adieu-milvus-{VERSION}"
ROOT = Path(__file__).parents[2]
TOKEN = "root:Milvus"
SECONDS_TO_START = 180
SECONDS_TO_END = 30
# All in one process, as far as it can be; each instance listens at ports of its own.
ETCD = """\
name: default
data-dir: {folder}/data/etcd
listen-client-urls: http://127.0.0.1:{client}
advertise-client-urls: http://127.0.0.1:{client}
listen-peer-urls: http://127.0.0.1:{peer}
initial-advertise-peer-urls: http://127.0.0.1:{peer}
initial-cluster: default=http://127.0.0.1:{peer}
"""


class NoMilvus(Exception):
    """The real Milvus could not be fetched, so what is tested against it was not tested."""


@contextmanager
def real_milvus(folder: Path) -> Iterator[Server]:
    """Run a server in a folder; its data goes with the folder."""
    programs = _programs()
    port, health = _configure(folder)
    environ = {
        **os.environ,
        "DEPLOY_MODE": "STANDALONE",
        "METRICS_PORT": str(health),
        "MILVUS_RUN_DIR": str(folder / "run"),
        "LD_LIBRARY_PATH": str(programs),
    }
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            [programs / "milvus", "run", "standalone"],
            cwd=folder,
            env=environ,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            wait_until(lambda: _is_healthy(process, health), seconds=SECONDS_TO_START)
            yield Server(f"http://127.0.0.1:{port}", TOKEN)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(SECONDS_TO_END)
            process.kill()
            process.wait()


def _is_healthy(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None, "Milvus ended while it started"
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
        return bool(answer.read().strip() == b"OK")
    return False


def _programs() -> Path:
    """Give the folder of its program and libraries, fetched and unpacked once."""
    programs = CACHE / "bin"
    if not programs.exists():
        _fetch()
        new = CACHE / f"bin.{os.getpid()}"
        new.mkdir()
        for packed in (CACHE / "package" / "milvus" / "data" / "bin").glob("*.lzma"):
            (new / packed.stem).write_bytes(lzma.decompress(packed.read_bytes()))
            (new / packed.stem).chmod(0o700)
        new.rename(programs)
    return programs


def _fetch() -> None:
    uv = subprocess.run([ROOT / "bin" / "uv"], check=True, capture_output=True, text=True).stdout.strip()
    folder = str(CACHE / "package")
    command = [uv, "pip", "install", "--no-deps", "--only-binary=:all:", "--target", folder]
    CACHE.mkdir(mode=0o700, exist_ok=True)
    done = subprocess.run([*command, f"milvus=={VERSION}"], check=False, capture_output=True, text=True)
    if done.returncode:
        raise NoMilvus(f"The package milvus=={VERSION} could not be fetched:\n{done.stderr}")


def _configure(folder: Path) -> tuple[int, int]:
    """Write its configuration, and give the ports of its service and of its health."""
    data = CACHE / "package" / "milvus" / "data"
    template = (data / "config.yaml.template").read_text()
    ports = {name: free_port() for name in re.findall(r"\{\{ (\w+_port)\(int\)", template)}
    values = {
        **{name: str(port) for name, port in ports.items()},
        "authorization_enabled": "true",
        "etcd_log_path": f"{folder}/etcd.log",
        "etcd_data_dir": f"{folder}/data/etcd",
        "local_storage_dir": f"{folder}/data",
        "rocksmq_data_dir": f"{folder}/data/rocksmq",
        "system_log_path": f"{folder}/logs",
    }

    def value(found: re.Match[str]) -> str:
        return values.get(found[1], (found[2] or "").strip())

    text = re.sub(r"\{\{ (\w+)(?:\(\w+\))?(?::([^}]*))? ?\}\}", value, template)
    etcd = ETCD.format(folder=folder, client=ports["etcd_port"], peer=free_port())
    for name in ("configs", "data", "logs", "run"):
        (folder / name).mkdir(parents=True)
    (folder / "configs" / "etcd.yaml").write_text(etcd)
    shutil.copy(data / "glog.conf", folder / "configs" / "glog.conf")
    text = text.replace(
        "  use:\n    embed: true", f"  config:\n    path: {folder}/configs/etcd.yaml\n  use:\n    embed: true"
    )
    (folder / "configs" / "milvus.yaml").write_text(text)
    return ports["proxy_port"], free_port()
