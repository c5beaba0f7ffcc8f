"""The doctor of the sample service, in a process of its own."""

from tests.app.commands.commands import run, told


class TestDoctor:
    def test_exit_code_tells_whether_something_is_wrong(self, url: str) -> None:
        """It is 1 before the database is migrated, and 0 afterwards. Nothing is written to standard error."""
        before = run("doctor", url=url)
        assert ((1, 0), True) == (told(before), "✗ pysqlite can't connect" in before.stdout)
        assert (0, 0) == told(run("db", "upgrade", url=url))
        after = run("doctor", url=url)
        assert ((0, 0), True) == (told(after), after.stdout.endswith(" checks passed.\n"))
