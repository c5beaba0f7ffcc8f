"""Counts lines of code: those that have code other than imports and docstrings."""

import ast
import tokenize
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

_NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


def code_lines(source: str) -> list[str]:
    """Return the lines of code, without blank lines, comments, imports and docstrings."""
    tokens = [token for token in tokenize.generate_tokens(StringIO(source).readline) if token.type not in _NO_CODE]
    numbers = {number for token in tokens for number in range(token.start[0], token.end[0] + 1)}
    lines = source.splitlines()
    return [lines[number - 1] for number in sorted(numbers - set(_left_out(ast.parse(source))))]


def resource_lines(folder: Path, name: str) -> list[str]:
    """Return the lines of code of a resource: those in its own folder, and those that name it in the other files.

    Args:
        folder: The folder of the service.
        name: The name of the resource's folder, such as ``books``.
    """
    found: list[str] = []
    for file in sorted(folder.rglob("*.py")):
        is_own = name in file.relative_to(folder).parts
        found += [line for line in code_lines(file.read_text()) if is_own or name in line.lower()]
    return found


def _left_out(tree: ast.AST) -> Iterator[int]:
    """Yield the numbers of the lines of imports, and of texts that stand alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
