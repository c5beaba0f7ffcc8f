"""The container of the service."""

from dependency_injector import containers, providers

from config import Settings
from containers import DatabaseContainer
from examples.resource.ours.books.service import BookService
from sessionscope import Shared, nested


class ApplicationContainer(containers.DeclarativeContainer):
    """The objects that endpoints use."""

    settings = Shared[Settings](Settings)
    database = nested(DatabaseContainer, settings=settings.provided.database)
    books = providers.Factory(BookService, database.async_transactions, database.async_reads)
