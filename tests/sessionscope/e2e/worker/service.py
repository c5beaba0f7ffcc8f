"""A service with a table of jobs, and its commands, which tests run in processes of their own.

A job is done by writing a row to `effects`, in the transaction that deletes the job. What was written twice or not
at all was done twice or not at all.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dependency_injector import containers, providers
from sqlalchemy import String, delete, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from sessionscope import Shared, current_scope, nested, scope
from sessionscope.cli import build_cli
from sessionscope.database.types import UtcDateTime
from sessionscope.settings import DatabaseSettings, LoggingSettings, ServiceSettings, WorkerSettings
from sessionscope.transactions import AsyncTransactions
from sessionscope.worker import Worker
from tests.sessionscope.service.containers import DatabaseContainer

LEASE = timedelta(seconds=3)
POLL_SECONDS = 0.05
# Not `__name__`, which is "__main__" in a process of its own.
NAME = "tests.sessionscope.e2e.worker.service"


class Base(DeclarativeBase):
    """Base class of the tables."""


class Job(Base):
    """A job that is open. While it is done, it becomes due again at the end of the lease."""

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    # How long it takes, or "fail".
    work: Mapped[str] = mapped_column(String(20))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    attempts: Mapped[int] = mapped_column(default=0)


class Effect(Base):
    """What a job has done. The scope is a number for each scope."""

    __tablename__ = "effects"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int]
    scope: Mapped[str] = mapped_column(String(40))


class Settings(ServiceSettings):
    """A section for the worker, beside the usual ones."""

    database: DatabaseSettings = DatabaseSettings()
    logging: LoggingSettings = LoggingSettings()
    worker: WorkerSettings = WorkerSettings()


@dataclass(frozen=True)
class Claim:
    """A job that this process does. The number of attempts tells whether another one has taken it over."""

    id: int
    work: str
    attempts: int


class JobService:
    """Claims jobs and does them."""

    def __init__(self, transactions: AsyncTransactions) -> None:
        self._transactions = transactions

    async def claim(self) -> Claim | None:
        """Claim the job that is due first, if there is one."""
        now = datetime.now(UTC)

        def claim(session: Session) -> Claim | None:
            due = select(Job).where(Job.due_at <= now).order_by(Job.due_at, Job.id).limit(1)
            job = session.scalar(due.with_for_update(skip_locked=True))
            if job is None:
                return None
            job.due_at, job.attempts = now + LEASE, job.attempts + 1
            session.flush()
            return Claim(job.id, job.work, job.attempts)

        return await self._transactions.run_sync(claim)

    async def do(self, claim: Claim) -> None:
        """Do the job."""
        if claim.work == "fail":
            raise RuntimeError("this job always fails")
        await asyncio.sleep(float(claim.work))

        def finish(session: Session) -> None:
            mine = delete(Job).where(Job.id == claim.id, Job.attempts == claim.attempts)
            if session.execute(mine.returning(Job.id)).first() is None:
                raise RuntimeError("another worker has taken the job over")
            session.add(Effect(job_id=claim.id, scope=str(id(current_scope()))))

        await self._transactions.run_sync(finish)


class Container(containers.DeclarativeContainer):
    """The container of the service."""

    settings = Shared[Settings](Settings)
    database = nested(DatabaseContainer, settings=settings.provided.database)
    jobs = providers.Factory(JobService, database.async_transactions)


async def due_jobs(container: Container) -> AsyncGenerator[Claim, None]:
    """Yield jobs as they become due."""
    while True:
        async with scope():
            job = await container.jobs().claim()
        if job is None:
            await asyncio.sleep(POLL_SECONDS)
        else:
            yield job


async def do(container: Container, claim: Claim) -> None:
    """Do a job."""
    sys.stdout.write(f"begins {claim.id}\n")
    sys.stdout.flush()
    await container.jobs().do(claim)


worker = Worker(due_jobs, do)
cli = build_cli(
    help="Does jobs.",
    settings=f"{NAME}:Settings",
    container=f"{NAME}:Container",
    create_app=f"{NAME}:Container",
    app=f"{NAME}:cli",
    worker=f"{NAME}:worker",
)
if __name__ == "__main__":
    cli()
