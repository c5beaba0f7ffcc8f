"""A process that serves one peer: ``python -m benchmarks.requests.worker NAME URL LOOP``; JSON lines in and out."""

import json
import sys
from typing import Any

from benchmarks.requests.field import Request, peer
from benchmarks.requests.serving import Serving


def main() -> None:
    """Answer until there is nothing more to read."""
    name, url, loop, *options = sys.argv[1:]
    with Serving(peer(name), url, loop=loop, counted="counted" in options) as serving:
        for line in sys.stdin:
            print(json.dumps(answer(serving, json.loads(line))), flush=True)


def answer(serving: Serving, question: dict[str, Any]) -> Any:
    """Return the answer, or what went wrong."""
    what = question.pop("what")
    try:
        if what == "response":
            return serving.response(
                Request(question["method"], question["path"], question["query"], question["body"].encode())
            )
        return serving.trips(**question) if what == "trips" else serving.run(**question)
    except Exception as error:  # noqa: BLE001 - the other side tells it
        return {"error": repr(error)}


if __name__ == "__main__":
    main()
