"""Start a server by hand: ``python -m sessionscope.testing.servers postgresql /tmp/somewhere``. Ctrl-C stops it."""

import argparse
import contextlib
import signal
import sys
from pathlib import Path
from typing import Any

from sessionscope.testing.servers import Galera, MariaDB, MissingBinary, PostgreSQL, PostgreSQLPair
from sessionscope.testing.servers.programs import ServerError

KINDS: dict[str, Any] = {"postgresql": PostgreSQL, "mariadb": MariaDB, "galera": Galera, "pair": PostgreSQLPair}


def main() -> None:
    """Serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sessionscope.testing.servers", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("directory", type=Path, help="directory for the server's data, which is kept")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = KINDS[arguments.kind](arguments.directory)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            server.start()
            for each in getattr(server, "nodes", [server]):
                for admin in (False, True):
                    sys.stdout.write(f"{each.url(admin=admin).render_as_string(hide_password=False)}\n")
            sys.stdout.flush()
            signal.pause()
        except (MissingBinary, ServerError, PermissionError) as error:
            sys.exit(str(error))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
