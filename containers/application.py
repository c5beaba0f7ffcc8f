"""The container of the service: its settings, its database and its services."""

from dependency_injector import containers, providers

from app.accounts.repository import AccountReader, AccountRepository
from app.accounts.service import AccountService
from app.models import IdempotencyKey
from app.posts.repository import PostReader, PostRepository
from app.posts.service import PostService
from app.reports.repository import ReportReader
from app.reports.service import ReportService
from app.transfers.repository import TransferReader, TransferRepository
from app.transfers.service import TransferService
from app.users.repository import UserReader, UserRepository
from app.users.service import UserService
from config import Settings
from containers.database import DatabaseContainer
from sessionscope import Shared, nested
from sessionscope.security.passwords import PasswordHasher
from sessionscope.transactions.idempotency import IdempotentTransactions


class ApplicationContainer(containers.DeclarativeContainer):
    """The objects that endpoints, commands and jobs of the service use."""

    settings = Shared[Settings](Settings)
    database = nested(DatabaseContainer, settings=settings.provided.database)

    passwords = Shared[PasswordHasher](PasswordHasher)
    idempotent_transactions = providers.Factory(
        IdempotentTransactions,
        database.async_transactions,
        IdempotencyKey,
        settings.provided.idempotency.keep_seconds,
    )

    user_reader = providers.Factory(UserReader, database.async_reads)
    user_repository = providers.Factory(UserRepository)
    users = providers.Factory(UserService, database.async_transactions, user_reader, user_repository, passwords)

    post_reader = providers.Factory(PostReader, database.async_reads)
    post_repository = providers.Factory(PostRepository)
    posts = providers.Factory(PostService, idempotent_transactions, post_reader, post_repository)

    account_reader = providers.Factory(AccountReader, database.async_reads)
    account_repository = providers.Factory(AccountRepository)
    accounts = providers.Factory(AccountService, idempotent_transactions, account_reader, account_repository)

    transfer_reader = providers.Factory(TransferReader, database.async_reads)
    transfer_repository = providers.Factory(TransferRepository)
    transfers = providers.Factory(TransferService, idempotent_transactions, transfer_reader, transfer_repository)

    report_reader = providers.Factory(ReportReader, database.async_reads)
    reports = providers.Factory(ReportService, report_reader)
