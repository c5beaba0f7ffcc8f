"""Rules for every table of the service."""

from app.models import Account, Post, Transfer, User
from sessionscope.database import Base


class TestConstraints:
    def test_each_has_a_name(self) -> None:
        """A migration can drop a constraint on every database only if it has a name."""
        unnamed = [
            f"{table.name}: {constraint!r}"
            for table in Base.metadata.tables.values()
            for constraint in table.constraints
            if constraint.name is None
        ]
        assert {User.__table__, Post.__table__, Account.__table__, Transfer.__table__} <= {
            *Base.metadata.tables.values()
        }
        assert [] == unnamed
