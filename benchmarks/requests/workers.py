"""The other side of the workers: one process per peer, of which one works at a time."""

import json
import subprocess
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
WORKER: Final = "benchmarks.requests.worker"


class Worker:
    """A peer in a process of its own."""

    def __init__(self, name: str, url: str, *options: str, module: str = WORKER) -> None:
        self.name = name
        command = [sys.executable, "-m", module, name, url, *options]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)

    def ask(self, what: str, **question: Any) -> Any:
        """Return the worker's answer, or raise what went wrong there."""
        print(json.dumps({"what": what, **question}), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"the worker of {self.name} is gone: status {self._process.wait()}")
        answer = json.loads(line)
        if isinstance(answer, dict):
            raise RuntimeError(f"{self.name}: {answer['error']}")  # noqa: TRY004
        return answer

    def finish(self) -> None:
        """Let it end, without waiting."""
        if self._process.stdin:
            self._process.stdin.close()

    def end(self) -> None:
        """Wait until it has ended, not for ever."""
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()


@contextmanager
def started(
    names: Iterable[str], url: str, *options: str, module: str = WORKER
) -> Generator[dict[str, Worker], None, None]:
    """Give a worker for each of *names*, a process that runs *module*, and end them afterwards."""
    workers: dict[str, Worker] = {}
    try:
        for name in names:
            workers[name] = Worker(name, url, *options, module=module)
        yield workers
    finally:
        for worker in workers.values():
            worker.finish()
        for worker in workers.values():
            worker.end()
