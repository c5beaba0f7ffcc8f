"""Processes of servers: known by a file in their directory, stopped by their id and never by their name."""

import atexit
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_PID_FILE = "server.pid"

# A process that nobody holds warns when it is collected, though others use it and will stop it.
_children: dict[int, subprocess.Popen[str]] = {}


@atexit.register
def _leave_to_others() -> None:
    for child in _children.values():
        child.returncode = child.returncode or 0


def wait_until(happens: Callable[[], bool], *, seconds: float, pause: float = 0.02) -> bool:
    """Wait at most *seconds* until *happens* returns true; return whether it did."""
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def remember(directory: Path, process: subprocess.Popen[str], stop_signal: signal.Signals) -> None:
    """Note in *directory* which process is its server, and which signal stops it."""
    _children[process.pid] = process
    (directory / _PID_FILE).write_text(f"{process.pid} {stop_signal.value}")


def running(directory: Path) -> int | None:
    """Return the id of the server's process, or None where it doesn't run."""
    try:
        pid = int((directory / _PID_FILE).read_text().split()[0])
        if _ended(pid):
            return None
        # The id may be another process's by now; that one does not work here.
        works_in = Path(f"/proc/{pid}/cwd").readlink()
    except (OSError, ValueError, IndexError):
        return None
    return pid if works_in.is_relative_to(directory) else None


def stop(directory: Path, *, seconds: float = 30) -> None:
    """Stop the server of *directory* in an orderly way, and by force after *seconds*; do nothing where none runs."""
    pid = running(directory)
    if pid is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, int((directory / _PID_FILE).read_text().split()[1]))
    if not wait_until(lambda: _ended(pid), seconds=seconds):
        kill(directory)


def kill(directory: Path) -> None:
    """End the server of *directory* and its children by SIGKILL, as a crash of the machine would."""
    pid = running(directory)
    if pid is None:
        return
    # Stopped first, so that it starts no child and sees none die.
    os.kill(pid, signal.SIGSTOP)
    family = [pid, *_descendants(pid)]
    for each in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    wait_until(lambda: all(map(_ended, family)), seconds=30)


def stop_all(directory: Path) -> None:
    """Stop the servers in *directory*, in its folders, and in theirs."""
    for depth in ("", "*/", "*/*/"):
        for file in directory.glob(depth + _PID_FILE):
            stop(file.parent)


def started(pid: int) -> int | None:
    """Return when a process started, in the kernel's ticks, or None where there is none."""
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
    # State, parent's id, ...: what follows the name, which may have blanks and brackets in it.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
