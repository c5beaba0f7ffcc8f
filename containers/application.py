"""The container of the service: its settings, its database, its services."""

from dependency_injector import containers, providers

from app.accounts.service import AccountService
from app.idempotency.service import IdempotentTransactions
from app.posts.service import PostService
from app.reports.service import ReportService
from app.transfers.service import TransferService
from app.users.service import UserService
from config import Settings
from containers.database import DatabaseContainer
from sessionscope import Shared, nested
from sessionscope.security.passwords import PasswordHasher


class ApplicationContainer(containers.DeclarativeContainer):
    """Everything that an endpoint, a command or a job of the service may ask for."""

    settings = Shared[Settings](Settings)
    database = nested(DatabaseContainer, settings=settings.provided.database)

    passwords = Shared[PasswordHasher](PasswordHasher)
    idempotent_transactions = providers.Factory(
        IdempotentTransactions, database.async_transactions, settings.provided.idempotency.keep_seconds
    )

    users = providers.Factory(UserService, database.async_transactions, database.async_reads, passwords)
    posts = providers.Factory(PostService, database.async_transactions, database.async_reads, idempotent_transactions)
    accounts = providers.Factory(AccountService, idempotent_transactions, database.async_reads)
    transfers = providers.Factory(TransferService, idempotent_transactions, database.async_reads)
    reports = providers.Factory(ReportService, database.read_session)
