"""A MariaDB Galera cluster of three nodes."""

from pathlib import Path

from sessionscope.testing.servers import process
from sessionscope.testing.servers.node import Node
from sessionscope.testing.servers.programs import ServerError

__all__ = ["FAST_DETECTION", "Galera", "Node"]

# The cluster drops a node that vanished after 1 s instead of 5 s. Until then, writes on the other nodes wait.
FAST_DETECTION = (
    "evs.keepalive_period=PT0.2S;evs.inactive_check_period=PT0.2S;"
    "evs.suspect_timeout=PT1S;evs.inactive_timeout=PT3S;evs.install_timeout=PT3S"
)
_SECONDS = 180


class Galera:
    """A cluster of three `nodes` that all accept writes.

    Args:
        directory: As for `Server`.
        options: Options for each mariadbd.
        provider_options: Options for Galera itself, separated by semicolons. By default, the other nodes go on about
            a second after a node has vanished.
    """

    def __init__(
        self, directory: Path | str, *, options: tuple[str, ...] = (), provider_options: str = FAST_DETECTION
    ) -> None:
        self.nodes = [
            Node(Path(directory) / name, options=options, provider_options=provider_options)
            for name in ("n1", "n2", "n3")
        ]

    def start(self) -> None:
        """Start the nodes that don't run, and wait until all are in sync. Killed nodes copy everything from another."""
        group = ",".join(node.group_address for node in self.nodes)
        for node in self.nodes:
            node.group = group
        if all(node.pid is None for node in self.nodes):
            self._found()
        joining = [node for node in self.nodes if node.pid is None]
        for node in joining:
            node.launch()
        for node in joining:
            node.wait()
        self.wait_synced()

    def stop(self) -> None:
        """Stop the nodes in reverse order, so that the first one leaves the cluster last."""
        for node in reversed(self.nodes):
            node.stop()

    def kill(self) -> None:
        """Kill all nodes with SIGKILL."""
        for node in self.nodes:
            node.kill()

    def wait_synced(self) -> None:
        """Wait until the running nodes form a cluster and are in sync.

        Raises:
            ServerError: They are not in sync after 180 seconds.
        """
        nodes = [node for node in self.nodes if node.pid is not None]
        if not process.wait_until(lambda: all(node.synced(len(nodes)) for node in nodes), seconds=_SECONDS):
            raise ServerError(f"the {len(nodes)} running nodes are not in sync after {_SECONDS} seconds")

    def _found(self) -> None:
        # If all nodes were killed, any of them may have the newest data.
        node = next((node for node in self.nodes if node.safe_to_bootstrap), self.nodes[0])
        node.be_safe_to_bootstrap()
        node.founds = True
        try:
            node.start()
        finally:
            node.founds = False
