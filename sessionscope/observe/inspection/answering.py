"""Answers over a socket what happens in this process, from a thread: also while the event loop is blocked."""

import atexit
import logging
import os
from itertools import count
from pathlib import Path
from socketserver import BaseRequestHandler, UnixStreamServer
from threading import Thread
from typing import Any, Final
from weakref import WeakSet, ref

from sessionscope.observe.inspection.observing import process_state
from sessionscope.observe.inspection.sockets import prepared_folder

logger = logging.getLogger(__name__)

_numbers: Final = count(1)
# A container may live longer than the answers about it, and a forked child has to open a socket of its own.
_inspections: Final = WeakSet["Inspection"]()


class Inspection:
    """The socket of this process, which answers for one container until `close`."""

    def __init__(self, container: Any) -> None:
        self._container = ref(container)
        self._server: _Server | None = None
        self._open()
        _inspections.add(self)
        atexit.register(self.close)

    def _open(self) -> None:
        try:
            path = prepared_folder() / f"{os.getpid()}-{next(_numbers)}.sock"
            self._server = _Server(path, self._answer)
        except OSError as error:
            # Nobody should be refused because of this: a file system may be read-only.
            logger.info("`db pool` won't see this process: %s", error)
            return
        Thread(target=self._server.serve_forever, name="sessionscope-inspection", daemon=True).start()

    def _answer(self) -> bytes:
        container = self._container()
        return b"" if container is None else process_state(container).model_dump_json().encode()

    def close(self) -> None:
        """Stop answering, and remove the socket."""
        atexit.unregister(self.close)
        _inspections.discard(self)
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            server.path.unlink(missing_ok=True)

    def open_in_child(self) -> None:
        """Open another socket in a forked child, where no thread answers at the parent's."""
        if self._server is not None:
            self._server.socket.close()
            self._open()


class _Server(UnixStreamServer):
    def __init__(self, path: Path, answer: Any) -> None:
        self.path = path
        self.answer = answer
        super().__init__(str(path), _Handler)


class _Handler(BaseRequestHandler):
    def handle(self) -> None:
        server: Any = self.server
        try:
            self.request.sendall(server.answer())
        except OSError:
            logger.debug("the client did not wait for the answer")


def _open_in_child() -> None:
    for inspection in list(_inspections):
        inspection.open_in_child()


os.register_at_fork(after_in_child=_open_in_child)
