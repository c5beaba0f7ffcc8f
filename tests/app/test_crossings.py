"""The command that counts the functions of ours that a request crosses."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.crossings import counting
from benchmarks.crossings.counting import Crossings
from sessionscope import Scope

pytestmark = pytest.mark.isolation("none")
ROOT = Path(__file__).parents[2]


class TestCrossings:
    async def test_resumed_coroutine_is_counted_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A coroutine that waits several times is one call, and functions elsewhere are not counted."""
        monkeypatch.setattr(counting, "OURS", (__file__,))

        async def waiting() -> None:
            for _ in range(3):
                await asyncio.sleep(0)

        with Crossings() as crossings, crossings.recording():
            await waiting()
            await waiting()
        assert [2] == [count for function, count in crossings.calls.items() if function.name.endswith("waiting")]

    def test_functions_of_the_library_are_counted_in_threads(self) -> None:
        """A thread that was started while recording is watched too."""
        with Crossings() as crossings, crossings.recording():
            asyncio.run(asyncio.to_thread(Scope))
        assert {"Scope.__init__": 1} == {function.name: n for function, n in crossings.calls.items()}

    def test_command_lists_the_functions_by_file(self) -> None:
        """The command counts requests and the building of an engine, and says where each function is."""
        command = [sys.executable, "-m", "benchmarks.crossings", "--database", "sqlite"]
        shown = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603
        assert "a GET of a user: " in shown
        assert "a transfer: " in shown
        assert "config.json to engine: " in shown
        assert "app/users/routes.py" in shown
        assert "sessionscope/transactions/unit_of_work.py" in shown
