"""Do what a guide says, in a folder."""

import re
import shlex
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

import httpx2

from tests.guides.blocks import Block, matches
from tests.new.running import run, serving

# They ask a registry of packages.
NOT_RUN: Final = ("pip install ",)
SERVES: Final = re.compile(r"^(make run|uvicorn |fastapi run|python -m app serve)")
# The end of a command that has to fail.
FAILS: Final = "# fails"


class Follower:
    """Follows a guide, block after block.

    - A block with a title is written to the file that the title names.
    - A `diff` block is applied.
    - A `python` block with tests and without a title is added to `tests/test_guide.py`.
    - Any other `python` block has to be part of a file as it is then. A line of three dots stands for lines left out.
    - The commands of a `console` block are run, and have to print what is shown; three dots stand for any text. A
      command that serves runs as long as only `curl` and blocks to read follow. A command with a comment that begins
      with "fails" has to fail.

    Args:
        folder: The service, which has a `.venv`.
        client: Sends requests to a server that runs already.
    """

    def __init__(self, folder: Path, client: httpx2.Client | None = None) -> None:
        self._folder = folder
        self._serving = ExitStack()
        self._client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def follow(self, blocks: Iterable[Block]) -> None:
        """Do what each of the *blocks* says."""
        for block in blocks:
            if block.title is not None:
                self._write(block.title, block.text)
            elif block.language == "diff":
                self._stop()
                done = run("git", "apply", "-", cwd=self._folder, given=block.text)
                assert 0 == done.returncode, f"{done.stderr}\n{block.text}"
            elif block.is_test:
                test = self._folder / "tests" / "test_guide.py"
                self._write(
                    "tests/test_guide.py", f"{test.read_text()}\n\n{block.text}" if test.exists() else block.text
                )
            elif block.language == "python":
                assert self._is_shown(block), f"no file has this:\n{block.text}"
            elif block.language == "console":
                for command, shown in block.commands():
                    self._obey(command, shown)

    def check(self) -> None:
        """Run the tests in the folder, and its checks if it has some."""
        self._stop()
        self._run("python -m pytest -q -p no:cacheprovider --database sqlite")
        if (self._folder / "Makefile").exists():
            self._run("make check")

    def _write(self, name: str, text: str) -> None:
        self._stop()
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def _is_shown(self, block: Block) -> bool:
        files = (file for file in self._folder.rglob("*.py") if ".venv" not in file.parts)
        return any(block.is_part_of(file.read_text()) for file in files)

    def _obey(self, command: str, shown: list[str]) -> None:
        if command.startswith(NOT_RUN):
            return
        if command.startswith("curl "):
            printed = self._request(command)
        elif SERVES.match(command):
            self._serve(command)
            return
        else:
            self._stop()
            printed = self._run(command)
        lines = iter(printed.splitlines())
        for expected in shown:
            assert any(matches(expected, line) for line in lines), f"{command}\ndid not print: {expected}\n{printed}"

    def _run(self, command: str) -> str:
        done = run("sh", "-c", command, cwd=self._folder, **self._paths())
        printed = done.stdout + done.stderr
        assert (FAILS in command) == (done.returncode != 0), f"{command}\n{printed}"
        return printed

    def _serve(self, command: str) -> None:
        self._stop()
        port = "ARGS='--port 0'" if command.startswith("make") else "--port 0"
        arguments = shlex.split(f"{command} {port}")
        self._client = self._serving.enter_context(serving(*arguments, cwd=self._folder, **self._paths()))

    def _request(self, command: str) -> str:
        assert self._client is not None, f"nothing is served: {command}"
        parser = ArgumentParser()
        for option in ("-s", "-i"):
            parser.add_argument(option, action="store_true")
        parser.add_argument("-X", dest="method")
        parser.add_argument("-H", dest="headers", action="append", default=[])
        parser.add_argument("--json", dest="body")
        parser.add_argument("url")
        given = parser.parse_args(shlex.split(command)[1:])
        headers = dict(header.split(": ", 1) for header in given.headers)
        if given.body is not None:
            headers["Content-Type"] = "application/json"
        response = self._client.request(
            given.method or ("GET" if given.body is None else "POST"),
            given.url.removeprefix("http://").removeprefix("localhost:8000"),
            content=given.body,
            headers=headers,
        )
        return (f"HTTP/1.1 {response.status_code} {response.reason_phrase}\n\n" if given.i else "") + response.text

    def _paths(self) -> dict[str, str]:
        """Return the variables by which commands find the environment of the folder."""
        environment = self._folder / ".venv"
        [packages] = environment.glob("lib/python*/site-packages")
        programs = [environment / "bin", Path(sys.executable).parent, "/usr/bin", "/bin"]
        return {"PATH": ":".join(map(str, programs)), "PYTHONPATH": str(packages)}

    def _stop(self) -> None:
        self._client = None
        self._serving.close()
