"""The page that documents the matrix: a Markdown table that the tests check, and write on request."""

import os
from pathlib import Path
from typing import Final

# Set to write the table anew; without it, what is there is compared.
WRITE_VARIABLE: Final = "APP_TEST_WRITE_DOCS"

# Between the verdicts of a cell.
OR: Final = " or "


class Page:
    """A Markdown file with one table.

    Args:
        path: The file; everything in it but the table is left alone.
        rows: The first cell of each row.
        columns: The head of each column but the first.
    """

    def __init__(self, path: Path, rows: list[str], columns: list[str]) -> None:
        self.path, self.rows, self.columns = path, rows, columns
        self.writes = WRITE_VARIABLE in os.environ
        lines = path.read_text(encoding="utf-8").splitlines()
        self.table = [line for line in lines if line.startswith("|")]
        self.before = lines[: lines.index(self.table[0])]
        self.after = lines[lines.index(self.table[-1]) + 1 :]
        self.cells = {cells[0]: dict(zip(self._head(), cells[1:], strict=True)) for cells in map(_cells, self.table)}

    def check(self, row: str, column: str, verdict: str) -> None:
        """Compare a cell with what was seen, or add it; a cell has several verdicts where runs differ."""
        cell = self.cells.setdefault(row, {}).get(column)
        verdicts = cell.split(OR) if cell else []
        if self.writes and verdict not in verdicts:
            verdicts.append(verdict)
            self.cells[row][column] = OR.join(verdicts)
        assert verdict in verdicts

    def write(self) -> None:
        """Write the table, where that was asked for."""
        if self.writes:
            self.path.write_text("\n".join([*self.before, *self.lines(), *self.after, ""]), encoding="utf-8")

    def lines(self) -> list[str]:
        """Return the table as its rows, columns and cells are now."""
        body = [[row, *(self.cells.get(row, {}).get(column, "") for column in self.columns)] for row in self.rows]
        lines = [["50 requests at once", *self.columns], ["---"] * (len(self.columns) + 1), *body]
        return [f"| {' | '.join(line)} |" for line in lines]

    def _head(self) -> list[str]:
        return _cells(self.table[0])[1:]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
