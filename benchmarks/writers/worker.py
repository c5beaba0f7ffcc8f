"""A process that serves one peer: ``python -m benchmarks.writers.worker NAME URL``; JSON lines in and out."""

import json
import sys

from benchmarks.requests.field import peer
from benchmarks.requests.worker import answer
from benchmarks.writers.serving import WritersServing


def main() -> None:
    """Answer until there is nothing more to read."""
    name, url = sys.argv[1:]
    with WritersServing(peer(name), url) as serving:
        for line in sys.stdin:
            print(json.dumps(answer(serving, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
