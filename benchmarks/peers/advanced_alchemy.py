"""advanced-alchemy: its services and repositories, provided by its extension for FastAPI."""

from typing import Annotated

from advanced_alchemy.extensions.fastapi import (
    AdvancedAlchemy,
    AsyncSessionConfig,
    EngineConfig,
    SQLAlchemyAsyncConfig,
    repository,
    service,
)
from advanced_alchemy.filters import LimitOffset, OrderBy
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query
from sqlalchemy import select

from benchmarks.peers.schema import (
    Account,
    PageQuery,
    Transfer,
    TransferIn,
    TransferOut,
    User,
    UserOut,
)
from benchmarks.peers.settings import ENGINE, NOTHING, SESSION


class UserService(service.SQLAlchemyAsyncRepositoryService[User]):
    class Repo(repository.SQLAlchemyAsyncRepository[User]):
        model_type = User

    repository_type = Repo


class AccountService(service.SQLAlchemyAsyncRepositoryService[Account]):
    class Repo(repository.SQLAlchemyAsyncRepository[Account]):
        model_type = Account

    repository_type = Repo

    async def lock(self, *account_ids: int) -> dict[int, Account]:
        statement = select(Account).where(Account.id.in_(account_ids)).order_by(Account.id).with_for_update()
        return {account.id: account for account in await self.get_many(statement=statement)}


class TransferService(service.SQLAlchemyAsyncRepositoryService[Transfer]):
    class Repo(repository.SQLAlchemyAsyncRepository[Transfer]):
        model_type = Transfer

    repository_type = Repo


def build(url: str) -> FastAPI:
    app = FastAPI()
    config = SQLAlchemyAsyncConfig(
        connection_string=url, session_config=AsyncSessionConfig(**SESSION), engine_config=EngineConfig(**ENGINE)
    )
    app.include_router(_router(AdvancedAlchemy(config=config, app=app)))
    return app


def _router(alchemy: AdvancedAlchemy) -> APIRouter:
    router = APIRouter()
    users_dep = Annotated[UserService, Depends(alchemy.provide_service(UserService, count_with_window_function=False))]
    accounts_dep = Annotated[AccountService, Depends(alchemy.provide_service(AccountService))]
    transfers_dep = Annotated[TransferService, Depends(alchemy.provide_service(TransferService))]

    @router.get("/users/{user_id}", response_model=UserOut)
    async def get_user(user_id: int, users: users_dep) -> User:
        return users.to_schema(await users.get(user_id))

    @router.get("/users/", response_model=service.OffsetPagination[UserOut])
    async def list_users(query: Annotated[PageQuery, Query()], users: users_dep) -> service.OffsetPagination[User]:
        filters = [LimitOffset(query.limit, query.offset), OrderBy("id", "asc")]
        results, total = await users.get_many_and_count(*filters)
        return users.to_schema(results, total, filters=filters)

    @router.post("/transfers/", status_code=201, response_model=TransferOut)
    async def create_transfer(data: TransferIn, accounts: accounts_dep, transfers: transfers_dep) -> Transfer:
        found = await accounts.lock(data.from_account, data.to_account)
        if len(found) < 2:  # noqa: PLR2004
            raise HTTPException(404, "there is no such account")
        payer, payee = found[data.from_account], found[data.to_account]
        if payer.balance < data.amount:
            raise HTTPException(409, f"account {payer.id} holds less")
        payer.balance -= data.amount
        payee.balance += data.amount
        return await transfers.create(data.model_dump(), auto_commit=True, auto_refresh=False)

    @router.get("/nothing")
    async def nothing(users: users_dep) -> dict[str, str]:  # noqa: ARG001
        return NOTHING

    return router
