"""A node of a Galera cluster."""

from pathlib import Path

from sessionscope.testing.servers.account import Account
from sessionscope.testing.servers.mariadb import MariaDB
from sessionscope.testing.servers.programs import MissingBinary, ServerError, find
from sessionscope.testing.servers.server import HOST

PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
_OPTIONS = (
    "--wsrep-on=ON",
    f"--wsrep-provider={PROVIDER}",
    "--wsrep-cluster-name=tests",
    "--wsrep-sst-method=rsync",
    "--binlog-format=ROW",
    "--innodb-autoinc-lock-mode=2",
)
_ONCE = "safe_to_bootstrap: "


class Node(MariaDB):
    """A node of a cluster. `start` joins the cluster, `stop` leaves it, and `kill` simulates a crash."""

    def __init__(self, directory: Path | str, *, options: tuple[str, ...], provider_options: str) -> None:
        super().__init__(directory, options=(*_OPTIONS, *options))
        self._provider_options = provider_options
        self.group = ""
        self.founds = False

    @property
    def group_address(self) -> str:
        """The address at which the other nodes find this one."""
        return f"{HOST}:{self.other_port('group')}"

    @property
    def safe_to_bootstrap(self) -> bool:
        """Whether the node was the last to leave the cluster, so that it has all data."""
        return f"{_ONCE}1" in self._state()

    def be_safe_to_bootstrap(self) -> None:
        """Make the node's data the cluster's data, even if other nodes may have newer data."""
        if state := self._state():
            self._state_file.write_text(state.replace(f"{_ONCE}0", f"{_ONCE}1"))

    def synced(self, size: int) -> bool:
        """Return whether the node is in sync, in a cluster of *size* nodes."""
        try:
            shown = self.sql("SHOW STATUS WHERE Variable_name IN ('wsrep_local_state_comment', 'wsrep_cluster_size')")
        except ServerError:
            return False
        return dict(line.split("\t") for line in shown.splitlines()) == {
            "wsrep_local_state_comment": "Synced",
            "wsrep_cluster_size": str(size),
        }

    @property
    def _state_file(self) -> Path:
        return self.data / "grastate.dat"

    def _state(self) -> str:
        return self._state_file.read_text() if self._state_file.exists() else ""

    def _command(self) -> list[str]:
        if not PROVIDER.exists():
            raise MissingBinary(str(PROVIDER), "galera-4")
        for program, package in (("rsync", "rsync"), ("lsof", "lsof")):
            find(program, package)
        own = [*super()._command(), *self._addresses()]
        return [*own, "--wsrep-new-cluster"] if self.founds else own

    def _addresses(self) -> list[str]:
        own, group = self.group_address, self.other_port("group")
        provider = (
            f"base_host={HOST}",
            f"base_port={group}",
            f"gmcast.listen_addr=tcp://{own}",
            f"ist.recv_addr={HOST}:{self.other_port('changes')}",  # codespell:ignore ist
            "gcache.size=16M",
            self._provider_options,
        )
        return [
            f"--wsrep-cluster-address=gcomm://{self.group}",
            f"--wsrep-node-address={own}",
            f"--wsrep-node-incoming-address={HOST}:{self.port}",
            f"--wsrep-sst-receive-address={HOST}:{self.other_port('copies')}",
            f"--wsrep-provider-options={';'.join(provider)}",
        ]

    def _prepare(self, account: Account) -> None:
        if self.founds:
            super()._prepare(account)
        else:
            # Tables and users come with the other nodes' data; a node that joins may not write.
            account.own(self.data)
            (self.directory / "made").touch()
            (self.directory / "users.sql").write_text("")

    def _answers(self) -> bool:
        try:
            return self.sql("SHOW STATUS LIKE 'wsrep_ready'").endswith("ON")
        except ServerError:
            return False
