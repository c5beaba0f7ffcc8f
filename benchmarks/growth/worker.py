"""A process that serves one application: ``python -m benchmarks.growth.worker MODULE URL``; JSON lines in and out."""

import json
import sys

from benchmarks.growth.serving import GrowthServing
from benchmarks.requests.worker import answer


def main() -> None:
    """Answer until there is nothing more to read."""
    name, url = sys.argv[1:]
    with GrowthServing(name, url) as serving:
        for line in sys.stdin:
            print(json.dumps(answer(serving, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
