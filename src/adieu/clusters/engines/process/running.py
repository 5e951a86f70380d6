"""Starting, watching and removing the process of one cluster, for whoever keeps clusters running."""

import fcntl
import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from adieu.clusters.engines import Measure, Place
from adieu.clusters.engines.process.endings import Ending, sentence
from adieu.clusters.engines.process.words import words_of

LOCK = "lock"
# A folder on its way out has this behind its name, so that nothing starts in what is half gone.
GOING = ".going"
BLOCK = 512
KEPT_FROM_CLUSTERS = "ADIEU_MILVUS_"


class ClusterProcess:
    """One cluster's process. It ends when this one does, however this one ends."""

    def __init__(self, place: Place, *, command: Sequence[str]) -> None:
        self._place, self._command = place, command
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False

    def prepare(self) -> None:
        """Make its folder, when the cluster is created; later a missing one is a fault."""
        with suppress(OSError):
            # If it cannot be made, the process says so when it is started.
            self._place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def start(self) -> None:
        """Start it, unless it runs. Whether it is ready is asked afterwards."""
        if self._process is not None and self._process.poll() is None:
            return
        self._close_pipes()
        self._is_ready = False
        self._process = subprocess.Popen(
            [*self._command, *words_of(self._place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env=own_environment(),
        )
        if self._process.stdout:
            os.set_blocking(self._process.stdout.fileno(), False)

    def is_ready(self) -> bool:
        """Tell whether it runs and has answered since it was started."""
        heard = self.has_answered()
        self._is_ready = self._is_ready or heard
        return self._is_ready and self.pid is not None

    def has_answered(self) -> bool:
        """Tell whether it answered since this was asked last (Note [Beats])."""
        if self._process is None or self._process.poll() is not None or self._process.stdout is None:
            return False
        return bool(self._process.stdout.read())

    def why_ended(self) -> str | None:
        """Say why it ended; nothing while it runs or was never started."""
        code = None if self._process is None else self._process.poll()
        return None if code is None else sentence(code)

    def lacks_port(self) -> bool:
        """Tell whether it ended because another program on this machine has its port."""
        return self._process is not None and self._process.poll() == Ending.PORT_TAKEN

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def stop(self, *, patience: float) -> None:
        """End it: it finishes what it is doing, and is killed after `patience` seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close_pipes()

    def measure(self) -> Measure:
        """Tell what it takes now."""
        return Measure(memory_bytes(self.pid), disk_bytes(self._place.folder))

    def destroy(self) -> None:
        """Stop it at once and leave no byte of its data on disk, durably; may be repeated (Rules K2, K3)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._close_pipes()
        destroy(self._place.folder)

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout) if self._process else ():
            if pipe:
                with suppress(OSError):
                    pipe.close()


def own_environment() -> dict[str, str]:
    """Give what a cluster's process may know of ours: not how to be the root of the Milvus server."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(KEPT_FROM_CLUSTERS)}
    return {**known, "PYTHON_DOTENV_DISABLED": "1"}


def memory_bytes(pid: int | None) -> int:
    """Tell how much memory a process takes, its part of what several share; 0 where there is no /proc."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def disk_bytes(folder: Path) -> int:
    """Tell how much of the disk a folder takes."""
    return sum(_blocks(Path(at, name)) for at, _, names in os.walk(folder) for name in names)


def destroy(folder: Path) -> None:
    """Remove a folder for good: killed anywhere in between, the next call finishes it (Rule K2)."""
    going = folder.with_name(folder.name + GOING)
    end_holder(folder / LOCK)
    if folder.exists() or folder.is_symlink():
        # What an earlier call left goes first, so that the name is free.
        _remove(going)
        folder.rename(going)
        _make_durable(folder.parent)
    _remove(going)
    _make_durable(folder.parent)


def _remove(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder, onexc=_allow_and_repeat)


def _allow_and_repeat(repeat: Callable[..., object], path: str, error: BaseException) -> None:
    """Remove what its permissions keep."""
    if isinstance(error, FileNotFoundError):
        return
    if not isinstance(error, PermissionError):
        raise error
    for each in (Path(path).parent, Path(path)):
        each.chmod(stat.S_IRWXU)
    repeat(path)


def end_holder(lock: Path) -> None:
    """Kill a process that still has the folder: one that outlived whoever started it."""
    with suppress(OSError, ValueError), lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.kill(int(file.read()), signal.SIGKILL)
            fcntl.flock(file, fcntl.LOCK_EX)


def _make_durable(folder: Path) -> None:
    if not folder.exists():
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _blocks(file: Path) -> int:
    try:
        return file.lstat().st_blocks * BLOCK
    except OSError:
        return 0
