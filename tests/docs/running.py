"""Run the Python on a page."""

import ast
from collections.abc import Iterable
from inspect import CO_COROUTINE
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from tests.guides.blocks import Block, blocks_of
from tests.new.running import ROOT


def python_of(page: str, section: str = "") -> list[Block]:
    """Return the Python on a page, or in a section of it."""
    return [block for block in blocks_of(ROOT / page, section) if block.language == "python"]


async def execute(blocks: Iterable[Block], names: dict[str, Any]) -> None:
    """Run the *blocks*, one after the other. They may have an `await` outside of a function.

    Args:
        blocks: The code.
        names: What the code may use without defining it. What it defines is added.
    """
    for block in blocks:
        code = compile(block.text, "<page>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if not isinstance(code, CodeType):
            raise TypeError(code)
        result = FunctionType(code, names)()
        if code.co_flags & CO_COROUTINE:
            await result


def assert_shown(block: Block, file: str) -> None:
    """Check that a *block* shows a part of a *file*; a line of three dots stands for any lines."""
    path: Path = ROOT / file
    assert block.is_part_of(path.read_text()), f"{file} has no longer:\n{block.text}"
