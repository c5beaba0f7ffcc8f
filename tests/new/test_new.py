"""A new service is tested, migrated, served and changed by its own commands."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.new.running import PATIENCE_SECONDS, checked, run, served, titles

pytestmark = pytest.mark.isolation("none")

# One pair of drivers per server is enough: the library's own tests try the others.
ON_BOTH: Final = pytest.mark.every_database(but=["mysql", "postgresql+psycopg", "postgresql+psycopg2"])


class TestNewService:
    @pytest.mark.timeout(PATIENCE_SECONDS)
    def test_tests_and_checks_of_a_new_service_pass(self, made: Path) -> None:
        """They need no change, and warn of nothing."""
        printed = checked("make", "test", "check", cwd=made)
        assert re.search(r"=+ \d+ passed(, \d+ skipped)? in", printed), printed
        assert "Success: no issues found" in printed

    @ON_BOTH
    def test_notes_are_served(self, made: Path, url: str) -> None:
        """`make run` migrates the database and serves it."""
        with served(made, url) as client:
            assert 200 == client.get("/health/ready").status_code
            created = client.post("/notes/", json={"title": "Milk", "content": "Two bottles."})
            assert 201 == created.status_code
            note = f"/notes/{created.json()['id']}"
            client.post("/notes/", json={"title": "Bread", "content": ""})
            assert ["Bread", "Milk"] == titles(client)
            assert "Soap" == client.patch(note, json={"title": "Soap"}).json()["title"]
            assert 204 == client.delete(note).status_code
            assert ["Bread"] == titles(client)
            assert "/notes/{note_id}" in client.get("/openapi.json").json()["paths"]
        with served(made, url) as client:
            assert ["Bread"] == titles(client)

    @ON_BOTH
    def test_change_of_a_model_becomes_a_migration(self, service: Path, url: str) -> None:
        """`make migration` writes it; it goes up and down."""
        model = service / "app" / "notes" / "model.py"
        model.write_text(f"{model.read_text()}    tag: Mapped[str | None] = mapped_column(String(50))\n")
        checked("make", "migration", "MESSAGE=add tag", cwd=service, APP_DATABASE__URL=url)
        [migration] = service.glob("alembic/versions/*_add_tag.py")
        assert '"tag"' in migration.read_text()
        python = str(service / ".venv" / "bin" / "python")
        for check in ("check", "format --check"):
            checked(str(service / ".venv" / "bin" / "ruff"), *check.split(), cwd=service)
        for command, said in (
            ("upgrade", "The database is at head.\n"),
            ("check", "The database matches the models.\n"),
            ("downgrade base --yes", ""),
            ("upgrade", "The database is at head.\n"),
        ):
            printed = checked(python, "-m", "app", "db", *command.split(), cwd=service, APP_DATABASE__URL=url)
            assert said in printed

    def test_migration_needs_a_message(self, made: Path) -> None:
        """The error says how to give one."""
        done = run("make", "migration", cwd=made)
        assert (2, True) == (done.returncode, 'make migration MESSAGE="add tags"' in done.stderr)

    def test_wrong_setting_is_one_line(self, made: Path) -> None:
        """Settings have the prefix APP_, and the exit code for wrong ones is 2."""
        python = str(made / ".venv" / "bin" / "python")
        done = run(python, "-m", "app", "config", "check", cwd=made, APP_SERVER__PROT="9000")
        assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))
        assert "APP_SERVER__PROT: server.prot: unknown setting (did you mean port?)\n" == done.stderr

    def test_schema_of_every_response_is_documented(self, made: Path) -> None:
        """The document can be made without a database."""
        python = str(made / ".venv" / "bin" / "python")
        code = "import json; from app.main import create_app; print(json.dumps(create_app().openapi()))"
        document = json.loads(checked(python, "-c", code, cwd=made))
        assert "shopping-list" == document["info"]["title"]
        assert {"Note", "Problem"} <= {
            re.sub("(In|Out|Patch)$", "", name) for name in document["components"]["schemas"]
        }
