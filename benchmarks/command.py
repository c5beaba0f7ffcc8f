"""Shared parts of the benchmarks' commands."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from sessionscope.testing.servers import MissingBinary

RESULTS: Final = Path(__file__).parent / "results"
MISSING: Final = 2
INTERRUPTED: Final = 130


def run(main: Callable[[], None]) -> None:
    """Run *main*. If a program is missing, end with a line that names it; on Ctrl-C, end without a line."""
    try:
        main()
    except MissingBinary as missing:
        print(missing, file=sys.stderr)
        sys.exit(MISSING)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def names(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Return a parser for an option such as ``one,two``, whose values are in *known*."""

    def parse(text: str) -> list[str]:
        given = text.split(",")
        if unknown := [name for name in given if name not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return given

    return parse


def numbers(text: str) -> list[int]:
    """Parse an option such as ``1,16``."""
    return [int(each) for each in text.split(",")]
