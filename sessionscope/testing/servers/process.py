"""Processes of servers. Each is recorded in a file in its directory, and stopped by its id, never by its name."""

import atexit
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_PID_FILE = "server.pid"

# Keep these objects: a `Popen` warns when it is collected, even if another process will stop the server.
_children: dict[int, subprocess.Popen[str]] = {}


@atexit.register
def _leave_to_others() -> None:
    for child in _children.values():
        child.returncode = child.returncode or 0


def wait_until(happens: Callable[[], bool], *, seconds: float, pause: float = 0.02) -> bool:
    """Wait at most *seconds* until *happens* returns true, and return whether it did."""
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def remember(directory: Path, process: subprocess.Popen[str], stop_signal: signal.Signals) -> None:
    """Record in *directory* which process is its server, and which signal stops it."""
    _children[process.pid] = process
    (directory / _PID_FILE).write_text(f"{process.pid} {stop_signal.value}")


def running(directory: Path) -> int | None:
    """Return the id of the server's process, or None if it doesn't run."""
    try:
        pid = int((directory / _PID_FILE).read_text().split()[0])
        if _ended(pid):
            return None
        # Another process may have this id by now. Its working directory is elsewhere.
        works_in = Path(f"/proc/{pid}/cwd").readlink()
    except (OSError, ValueError, IndexError):
        return None
    return pid if works_in.is_relative_to(directory) else None


def stop(directory: Path, *, seconds: float = 30) -> None:
    """Shut down the server of *directory*, and kill it after *seconds*. Do nothing if it doesn't run."""
    pid = running(directory)
    if pid is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, int((directory / _PID_FILE).read_text().split()[1]))
    if not wait_until(lambda: _ended(pid), seconds=seconds):
        kill(directory)


def kill(directory: Path) -> None:
    """Kill the server of *directory* and its children with SIGKILL, as in a crash of the machine."""
    pid = running(directory)
    if pid is None:
        return
    # Suspend the server first, so that it starts no children and doesn't notice their deaths.
    os.kill(pid, signal.SIGSTOP)
    family = [pid, *_descendants(pid)]
    for each in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    wait_until(lambda: all(map(_ended, family)), seconds=30)


def stop_all(directory: Path) -> None:
    """Stop the servers in *directory* and in folders up to two levels below it."""
    for depth in ("", "*/", "*/*/"):
        for file in directory.glob(depth + _PID_FILE):
            stop(file.parent)


def started(pid: int) -> int | None:
    """Return when a process started, in the kernel's ticks, or None if there is no such process."""
    status = _status(pid)
    return None if status is None or status[0] in "ZX" else int(status[19])


def _ended(pid: int) -> bool:
    child = _children.get(pid)
    if child is not None:
        return child.poll() is not None
    return started(pid) is None


def _descendants(pid: int) -> Iterator[int]:
    for file in Path("/proc").glob("[0-9]*"):
        status = _status(int(file.name))
        if status is not None and int(status[1]) == pid:
            yield int(file.name)
            yield from _descendants(int(file.name))


def _status(pid: int) -> list[str] | None:
    # The fields after the name: state, parent's id and so on. The name may contain blanks and brackets.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
