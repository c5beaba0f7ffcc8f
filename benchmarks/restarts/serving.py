"""Processes of the sample service, started as on a server, by the command `serve`."""

import os
import re
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from typing import Final

from benchmarks.load.servers import HOST, ROOT

READY_SECONDS: Final = 60
QUIET: Final = {"APP_LOGGING__LEVEL": "ERROR", "APP_LOGGING__ACCESS": "false"}


class Served:
    """A process that serves, and its workers if it has several."""

    def __init__(self, url: str, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", "0", *options],
            cwd=ROOT,
            env=os.environ | QUIET | {"APP_DATABASE__URL": url},
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        line = self.process.stdout.readline() if self.process.stdout else ""
        found = re.search(rf"http://{HOST}:(\d+)", line)
        if found is None:
            raise RuntimeError(f"the service does not start: {line}")
        self.port = int(found[1])
        self._wait()

    def end(self) -> None:
        """Send SIGTERM, and wait for the end."""
        self.process.terminate()
        self.process.communicate(timeout=READY_SECONDS)

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise RuntimeError("the service does not become ready")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        connection = HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200  # noqa: PLR2004
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
