"""What the system says about an SQLite file."""

from pathlib import Path

import pytest

from sessionscope.database.backends.sqlite.file_checks import file_system_of
from sessionscope.database.backends.sqlite.write_lock import writer_in

MOUNTS = r"""
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
23 22 0:5 / /srv rw - nfs4 server:/srv rw
24 23 0:6 / /srv/local\040disk rw - xfs /dev/sdb1 rw
25 22 0:7 / /again rw - cifs //server/a rw
26 22 0:8 / /again rw shared:1 - ext4 /dev/sdc1 rw
"""


class TestFileSystem:
    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            ("/var/app.db", "ext4"),
            ("/srv/app.db", "nfs4"),
            ("/srv/local disk/app.db", "xfs"),
            ("/srvx/app.db", "ext4"),
            ("/again/app.db", "ext4"),
        ],
    )
    def test_innermost_mount_counts(self, path: str, kind: str) -> None:
        """Of several at one place, it is the last one."""
        assert kind == file_system_of(Path(path), MOUNTS.strip())

    def test_system_without_a_list_tells_nothing(self) -> None:
        """Nothing is reported then."""
        assert "" == file_system_of(Path("/var/app.db"), "")


class TestWriter:
    def test_lock_of_writers_tells_the_process(self, tmp_path: Path) -> None:
        """Other locks on the same file, and locks of processes that can't be seen, tell nothing."""
        file = tmp_path / "x.db-shm"
        file.touch()
        inode = file.stat().st_ino
        lines = [
            f"1: POSIX  ADVISORY  READ 11 fe:00:{inode} 123 123",
            f"2: POSIX  ADVISORY  WRITE 12 fe:00:{inode}1 120 120",
            f"3: POSIX  ADVISORY  WRITE 13 fe:00:{inode} 121 121",
            f"4: POSIX  ADVISORY  WRITE -1 fe:00:{inode} 120 120",
        ]
        assert writer_in("\n".join(lines), file) is None
        assert 14 == writer_in("\n".join([*lines, f"5: POSIX  ADVISORY  WRITE 14 fe:00:{inode} 120 120"]), file)

    def test_file_without_a_log_has_no_writer(self, tmp_path: Path) -> None:
        """There is nothing to look for."""
        assert writer_in("", tmp_path / "x.db-shm") is None
