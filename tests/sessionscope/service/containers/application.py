"""The container of the tests' own service."""

from dependency_injector import containers, providers

from sessionscope import Shared, nested
from sessionscope.security.passwords import PasswordHasher
from tests.sessionscope.service.containers.database import DatabaseContainer
from tests.sessionscope.service.services import PostService, ReportService, UserService
from tests.sessionscope.service.settings import Settings


class ApplicationContainer(containers.DeclarativeContainer):
    """The objects that an endpoint may ask for."""

    settings = Shared[Settings](Settings)
    database = nested(DatabaseContainer, settings=settings.provided.database)

    passwords = Shared[PasswordHasher](PasswordHasher)
    users = providers.Factory(UserService, database.async_transactions, database.async_reads)
    posts = providers.Factory(PostService, database.async_transactions, database.async_reads)
    reports = providers.Factory(ReportService, database.read_session)
