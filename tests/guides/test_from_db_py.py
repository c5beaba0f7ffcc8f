"""docs/guides/from_db_py.md adds the library in ten lines, and the faults are gone with them."""

import re
import shutil
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import httpx2
import pytest
from sqlalchemy import NullPool, create_engine, text

from sessionscope.testing.targets import Target
from tests.guides.blocks import blocks_of
from tests.guides.following import Follower
from tests.guides.shop import PATIENCE_SECONDS, PEN, get, order, shop, warehouse
from tests.new.running import ROOT, checked, new_database, run

pytestmark = pytest.mark.isolation("none")

GUIDE: Final = ROOT / "docs" / "guides" / "from_db_py.md"
# One driver per server is enough: the library's own tests try the others.
ON_BOTH: Final = pytest.mark.every_database(but=["mysql", "postgresql+psycopg", "postgresql+psycopg2"])
ON_POSTGRESQL: Final = pytest.mark.every_database(but=["sqlite", "mysql", "postgresql+psycopg", "postgresql+psycopg2"])


@pytest.fixture
def before(start: Callable[[str], Path]) -> Path:
    """Give the shop without the library."""
    return start("from_db_py")


@pytest.fixture
def after(before: Path, tmp_path: Path) -> Path:
    """Give the shop after the ten lines."""
    folder = shutil.copytree(before, tmp_path / "after", symlinks=True)
    with Follower(folder) as follower:
        follower.follow(block for block in blocks_of(GUIDE, "Ten lines") if block.language == "diff")
    return folder


@pytest.fixture(params=["before", "after"])
def changed(request: pytest.FixtureRequest) -> bool:
    """Tell whether the shop has the ten lines."""
    return bool(request.param == "after")


@pytest.fixture
def folder(changed: bool, request: pytest.FixtureRequest) -> Path:
    """Give the shop, with the ten lines or without."""
    found: Path = request.getfixturevalue("after" if changed else "before")
    return found


@pytest.fixture
def url(target: Target, tmp_path: Path) -> Generator[str, None, None]:
    """Give the URL of an empty database."""
    with new_database(target, tmp_path, "postgresql+asyncpg") as url:
        yield url


def stock_of_pens(url: str) -> int:
    """Return what is in the database."""
    engine = create_engine(url.replace("asyncpg", "psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT stock FROM products")).scalar_one())


class TestTenLines:
    def test_diff_adds_ten_lines_to_four_files(self, before: Path, after: Path) -> None:
        """Blank lines and imports count too. The tests are not changed."""
        done = run("git", "diff", "--no-index", "--numstat", str(before), str(after), cwd=ROOT)
        counted = re.findall(r"^(\d+)\t(\d+)\t.*/(.+?)\}?$", done.stdout, re.MULTILINE)
        assert ["db.py", "dependencies.py", "main.py", "requirements.txt"] == [name for *_, name in counted]
        added, removed = (sum(int(row[column]) for row in counted) for column in (0, 1))
        assert f"These diffs add {added} lines and remove {removed}." in GUIDE.read_text()
        assert 10 == added

    def test_tests_of_the_service_pass(self, folder: Path) -> None:
        """Before and after the change, they are the same tests."""
        printed = checked(str(folder / ".venv" / "bin" / "python"), "-m", "pytest", "-q", cwd=folder)
        assert "13 passed" in printed


@ON_BOTH
class TestFaults:
    def test_failed_request_is_not_committed(self, folder: Path, url: str, changed: bool) -> None:
        """The first product of a refused order stays in stock."""
        with shop(folder, url, pool_size=5) as client:
            assert 409 == order(client, "pen", "ink")
        # Without the library, the commit comes after the response, but before the server ends.
        assert (5 if changed else 4) == stock_of_pens(url)

    def test_failed_commit_is_not_a_success(self, folder: Path, url: str, changed: bool) -> None:
        """The commit of a product whose key exists fails before the response, and not after it."""
        with shop(folder, url, pool_size=5) as client:
            again = httpx2.post(f"{client.base_url}/products/", json=PEN | {"name": "Red pen"})
            assert (500 if changed else 201) == again.status_code
            assert "Blue pen" == get(client, "/products/pen").json()["name"]

    def test_background_task_holds_no_connection(self, folder: Path, url: str, changed: bool) -> None:
        """Other requests are served while it waits."""
        with warehouse() as slow, shop(folder, url, pool_size=1, warehouse_port=slow.server_port) as client:
            assert 201 == order(client, "pen")
            assert slow.is_asked.wait(PATIENCE_SECONDS)
            assert (200 if changed else 500) == get(client, "/orders/1").status_code

    def test_service_object_holds_no_connection(self, folder: Path, url: str, changed: bool) -> None:
        """The session of the catalogue ends with the request."""
        with shop(folder, url, pool_size=1) as client:
            assert 200 == client.get("/products/pen").status_code
            assert (404 if changed else 500) == get(client, "/orders/1").status_code


@ON_POSTGRESQL
def test_session_is_not_shared_by_requests(folder: Path, url: str, changed: bool) -> None:
    """After a statement of one request has failed, the statements of others work."""
    with shop(folder, url, pool_size=5) as client:
        # PostgreSQL refuses NUL, and all further statements of the transaction.
        assert 500 == get(client, "/products/?q=%00").status_code
        assert (200 if changed else 500) == get(client, "/products/pen").status_code


@ON_BOTH
@pytest.mark.parametrize("is_released", [True, False], ids=["released", "held"])
def test_call_to_another_service_holds_no_connection(after: Path, url: str, is_released: bool) -> None:
    """`release` gives the connection back; without it, the request holds it during the call."""
    with Follower(after) as follower:
        for section in ("If your db.py is different", "A call to another service"):
            follower.follow(block for block in blocks_of(GUIDE, section) if block.language == "diff")
    orders = after / "app" / "orders.py"
    if not is_released:
        orders.write_text(orders.read_text().replace("    await current_scope().release()\n", ""))
    with (
        warehouse() as slow,
        shop(after, url, pool_size=1, warehouse_port=slow.server_port) as client,
        ThreadPoolExecutor() as threads,
    ):
        slow.may_answer.set()
        assert 201 == order(client, "pen")
        slow.may_answer.clear()
        assert slow.is_asked.wait(PATIENCE_SECONDS)
        slow.is_asked.clear()
        parcel = threads.submit(get, client, "/orders/1/parcel")
        assert slow.is_asked.wait(PATIENCE_SECONDS)
        assert (200 if is_released else 500) == get(client, "/orders/1").status_code
        slow.may_answer.set()
        assert "shelf 3" == parcel.result().json()
