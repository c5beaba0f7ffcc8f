"""The base class of all servers."""

import contextlib
import signal
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from sqlalchemy import URL

from sessionscope.testing.servers import ports, process
from sessionscope.testing.servers.account import Account
from sessionscope.testing.servers.host import Host
from sessionscope.testing.servers.programs import ServerError, ask

HOST = "127.0.0.1"
START_SECONDS = 60


class Server(ABC):
    """A private server on a free port, with all its files in one directory.

    Two objects with the same directory represent the same server, even in different processes.

    Args:
        directory: The directory for the files. It is created if it doesn't exist, and kept when the server stops. If
            the tests run as root, the server's user must be able to enter it, which rules out ``tmp_path``.
        host: The host of a test network on which the server runs. By default, it runs beside the tests.

    Attributes:
        address: The address on which the server listens.
    """

    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, directory: Path | str, *, host: Host | None = None) -> None:
        self.host = host
        self.address = HOST if host is None else host.address
        self.directory = Path(directory).resolve()
        self.log = self.directory / "server.log"

    @cached_property
    def port(self) -> int:
        """The port, which stays the same after a restart."""
        return self.other_port("port")

    @property
    def pid(self) -> int | None:
        """The id of the server's main process, or None if it doesn't run."""
        return process.running(self.directory)

    @abstractmethod
    def url(self, database: str = "app", *, driver: str | None = None, admin: bool = False) -> URL:
        """Return the URL of *database* for the user app, or for the administrator."""

    def start(self) -> None:
        """Start the server, and wait until it answers. A new server is set up first.

        Raises:
            MissingBinary: A program is not installed.
            ServerError: The server doesn't start. The text has its log.
        """
        if self.pid is None:
            self.launch()
            self.wait()

    def launch(self) -> None:
        """Do the first half of `start`: launch the process, without waiting until it answers."""
        account = self.account()
        command = self._command()
        account.own(self.directory)
        self._prepare(account)
        with self.log.open("a") as log:
            started = account.popen(command, self.directory, out=log.fileno())
        process.remember(self.directory, started, self.stop_signal)

    def wait(self) -> None:
        """Do the second half of `start`: wait until the server answers, and kill it if it doesn't."""
        answered = False
        try:
            answered = process.wait_until(lambda: self.pid is None or self._answers(), seconds=START_SECONDS)
        finally:
            if not answered:
                self.kill()
        if self.pid is None:
            raise ServerError(f"{self} does not start:\n{self.log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """Shut down the server. Do nothing if it doesn't run."""
        process.stop(self.directory)

    def kill(self) -> None:
        """Kill the server and its children with SIGKILL, as in a crash."""
        process.kill(self.directory)

    def restart(self) -> None:
        """Stop the server, and start it again on the same port."""
        self.stop()
        self.start()

    def other_port(self, name: str) -> int:
        """Return the server's port for another purpose, called *name*."""
        file = self.directory / name
        with contextlib.suppress(FileNotFoundError):
            return int(file.read_text())
        self.directory.mkdir(parents=True, exist_ok=True)
        file.write_text(str(ports.free_port()))
        return int(file.read_text())

    def ask(self, command: list[str], text: str, **variables: str) -> str:
        """Run a client on the server's host, as `sessionscope.testing.servers.programs.ask` does.

        It reaches the server even while the network is cut.
        """
        return ask(command if self.host is None else self.host.inside(command), text, **variables)

    def __str__(self) -> str:
        return f"{type(self).__name__} in {self.directory}"

    @abstractmethod
    def account(self) -> Account:
        """Return the user of the server."""

    @abstractmethod
    def _command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""

    @abstractmethod
    def _prepare(self, account: Account) -> None:
        """Create the files that the server needs before it starts."""

    @abstractmethod
    def _answers(self) -> bool:
        """Return whether the server accepts clients."""
