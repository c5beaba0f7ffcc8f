"""A process that starts one thing, and notes what each stage took: ``python -m benchmarks.start.child WHAT``.

The database is that of ``APP_DATABASE__URL``, as the service itself has it. The notes are a line of JSON:
stage, seconds of the system's clock, seconds of CPU time since the process began, and the most memory so far in MB.
"""

import sys
import time

notes: list[tuple[str, float, float, float]] = []


def note(stage: str) -> None:
    notes.append((stage, time.monotonic(), time.process_time(), peak_mb()))


def peak_mb() -> float:
    # Not getrusage: what it says begins with the peak of the process that started this one.
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib is not imported for nothing
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def nothing() -> None:
    """Python alone, which every other one starts with too."""


def libraries() -> None:
    import fastapi  # noqa: F401, PLC0415
    import sqlalchemy  # noqa: F401, PLC0415

    note("import")


def ours() -> None:
    from app.main import create_app  # noqa: PLC0415

    note("import")
    app = create_app()
    note("build")
    serve(app)


def usual() -> None:
    from os import environ  # noqa: PLC0415

    from benchmarks.peers.usual import build  # noqa: PLC0415

    note("import")
    app = build(environ["APP_DATABASE__URL"])
    note("build")
    serve(app)


def serve(app: object) -> None:
    import asyncio  # noqa: PLC0415

    from benchmarks.requests.client import Lifespan, ask  # noqa: PLC0415
    from benchmarks.requests.field import Request  # noqa: PLC0415

    async def run() -> None:
        lifespan = Lifespan(app)
        await lifespan.start()
        note("start")
        for stage, path in (("first", "/users/1"), ("second", "/users/2")):
            await ask(app, Request("GET", path), lifespan.state)
            note(stage)
        await lifespan.end()

    # The client and the loop are the benchmark's.
    note("client")
    asyncio.run(run())


def command() -> None:
    """``python -m app --help``, all of it but the end of the process."""
    from contextlib import redirect_stdout, suppress  # noqa: PLC0415
    from io import StringIO  # noqa: PLC0415
    from runpy import run_module  # noqa: PLC0415

    sys.argv[1:] = ["--help"]
    with redirect_stdout(StringIO()) as shown, suppress(SystemExit):
        run_module("app", run_name="__main__", alter_sys=True)
    note("help")
    check(shown.getvalue())


def check(shown: str) -> None:
    """Find what ``--help`` must not do.

    Raises:
        RuntimeError: It shows no help, or has imported what only a server needs.
    """
    needless = [name for name in ("fastapi", "starlette", "sqlalchemy", "dependency_injector") if name in sys.modules]
    if "Usage" not in shown or needless:
        raise RuntimeError(f"python -m app --help imports {', '.join(needless) or 'what it likes'}, and shows {shown}")


if __name__ == "__main__":
    note("nothing")
    {each.__name__: each for each in (nothing, libraries, ours, usual, command)}[sys.argv[1]]()
    from json import dumps

    print(dumps(notes))
