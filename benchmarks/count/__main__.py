"""Count the lines of code that a resource takes with the library, and in the usual style.

Both are in `examples/resource/`, and one test holds that they do the same.
"""

from pathlib import Path
from typing import Final

from benchmarks.count.lines import resource_lines

RESOURCE: Final = Path(__file__).resolve().parents[2] / "examples" / "resource"


def main() -> None:
    """Print both counts and their ratio."""
    ours, plain = (len(resource_lines(RESOURCE / style, "books")) for style in ("ours", "plain"))
    print(f"with the library     {ours:3} lines of code")
    print(f"in the usual style   {plain:3} lines of code")
    print(f"ratio               {ours / plain:4.2f}")


if __name__ == "__main__":
    main()
