"""The declarative base class of all mapped classes."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

# A migration can drop a constraint on every database only if the constraint has a known name.
# Source: https://alembic.sqlalchemy.org/en/latest/naming.html
NAMING_CONVENTION: Final = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base class of all mapped classes. Migrations compare the database with its metadata."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


def assign(instance: object, values: Mapping[str, object]) -> None:
    """Set the attributes of *instance* to *values*. A flush updates the columns that differ."""
    for name, value in values.items():
        setattr(instance, name, value)
