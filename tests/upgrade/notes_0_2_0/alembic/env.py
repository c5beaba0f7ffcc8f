"""Tell Alembic which tables the models declare and which settings name the database. The library does the rest."""

from importlib import import_module

from config import Settings
from sessionscope.database import Base
from sessionscope.migrations import environment

# Each model adds its table to Base.metadata when it is imported.
import_module("app.models")

environment.run(Base.metadata, Settings)
