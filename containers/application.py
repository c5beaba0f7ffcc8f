"""The container of the service: its settings, its database, its services."""

from dependency_injector import containers, providers

from app.services.accounts import AccountService
from app.services.passwords import PasswordHasher
from app.services.posts import PostService
from app.services.reports import ReportService
from app.services.transfers import TransferService
from app.services.users import UserService
from config import Settings
from containers.database import DatabaseContainer
from containers.nesting import nested
from containers.shared import Shared
from containers.wiring import GuardedContainer


class ApplicationContainer(containers.DeclarativeContainer):
    """Everything that an endpoint, a command or a job of the service may ask for."""

    instance_type = GuardedContainer

    settings = Shared[Settings](Settings)
    database = nested(DatabaseContainer, settings=settings.provided.database)

    passwords = Shared[PasswordHasher](PasswordHasher)

    users = providers.Factory(UserService, database.async_transactions, database.async_reads, passwords)
    posts = providers.Factory(PostService, database.async_transactions, database.async_reads)
    accounts = providers.Factory(AccountService, database.async_transactions, database.async_reads)
    transfers = providers.Factory(TransferService, database.async_transactions, database.async_reads)
    reports = providers.Factory(ReportService, database.read_session)
