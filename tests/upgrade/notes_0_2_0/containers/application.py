"""The container of the service: its settings, its database and its services."""

from dependency_injector import containers, providers

from app.notes.service import NoteService
from config import Settings
from containers.database import DatabaseContainer
from sessionscope import Shared, nested


class ApplicationContainer(containers.DeclarativeContainer):
    """The objects that endpoints, commands and jobs of the service use."""

    settings = Shared[Settings](Settings)
    database = nested(DatabaseContainer, settings=settings.provided.database)

    notes = providers.Factory(NoteService, database.async_transactions, database.async_reads)
