"""Asks the processes of a service what happens in them."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from sessionscope.observe.inspection.sockets import folder
from sessionscope.observe.inspection.states import ProcessState

# A thread answers, which needs no more than milliseconds.
PATIENCE_SECONDS: Final = 2.0


def processes(project: Path | None = None) -> list[ProcessState]:
    """Return the state of each process of this user that answers, ordered by number.

    Args:
        project: The folder that the processes run in. If None, those of all services are returned.
    """
    states = sorted(_states(), key=lambda state: state.pid)
    return [state for state in states if project is None or state.project == str(project)]


def siblings(mine: ProcessState) -> list[ProcessState]:
    """Return the states of this process and of the other workers of the same server."""
    others = [state for state in processes(Path(mine.project)) if state.parent == mine.parent and state.pid != mine.pid]
    return sorted([mine, *others], key=lambda state: state.pid)


def _states() -> Iterator[ProcessState]:
    for path in sorted(folder().glob("*.sock")):
        answer = _ask(path)
        try:
            if answer:
                yield ProcessState.model_validate_json(answer)
        except ValidationError:
            # The process runs another version of the library.
            continue


def _ask(path: Path) -> bytes:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(str(path))
            with connection.makefile("rb") as file:
                return file.read()
    except ConnectionRefusedError:
        # A process that was killed has left it behind.
        path.unlink(missing_ok=True)
    except OSError:
        pass
    return b""
