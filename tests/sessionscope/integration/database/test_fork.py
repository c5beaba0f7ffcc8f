"""A forked child never uses the connections of its parent."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.every_database

# What each process says about the connection that it gets: the same object, or another.
PROGRAM = """
import asyncio, os
from sqlalchemy import select
from sessionscope.database.engine import build_async_engine, build_engine
from sessionscope.settings import DatabaseSettings

settings = DatabaseSettings(url=os.environ["APP_DATABASE__URL"], pool_size=1, max_overflow=0)
engine, async_engine = build_engine(settings), build_async_engine(settings)

def raw():
    with engine.connect() as connection:
        connection.execute(select(1))
        return connection.connection.dbapi_connection

async def async_raw():
    async with async_engine.connect() as connection:
        await connection.execute(select(1))
        return (await connection.get_raw_connection()).dbapi_connection

# Connections of async drivers belong to their loop.
loop = asyncio.new_event_loop()
before, async_before = raw(), loop.run_until_complete(async_raw())
child = os.fork()
if child == 0:
    print("child", raw() is before, asyncio.run(async_raw()) is async_before, flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print("parent", raw() is before, loop.run_until_complete(async_raw()) is async_before, flush=True)
engine.dispose()
loop.run_until_complete(async_engine.dispose())
loop.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs os.fork")
class TestFork:
    def test_the_child_connects_anew(self, database_url: str) -> None:
        """The child opens connections of its own; the parent goes on with those that it has."""
        environment = os.environ | {"APP_DATABASE__URL": database_url}
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(  # noqa: S603 - our own words
            command, env=environment, capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, done.stderr
        assert ["child False False", "parent True True"] == done.stdout.splitlines()
