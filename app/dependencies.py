"""The dependencies that endpoints use, which come from the container."""

from typing import Annotated

from fastapi import Depends

from app.accounts.service import AccountService
from app.posts.service import PostService
from app.reports.service import ReportService
from app.transfers.service import TransferService
from app.users.service import UserService
from containers import ApplicationContainer, Provide
from sessionscope.fastapi.sessions import AsyncSessionDep, SessionDep, get_async_db, get_db

__all__ = [
    "AccountsDep",
    "AsyncSessionDep",
    "PostsDep",
    "ReportsDep",
    "SessionDep",
    "TransfersDep",
    "UsersDep",
    "get_async_db",
    "get_db",
]

UsersDep = Annotated[UserService, Depends(Provide[ApplicationContainer.users])]
PostsDep = Annotated[PostService, Depends(Provide[ApplicationContainer.posts])]
AccountsDep = Annotated[AccountService, Depends(Provide[ApplicationContainer.accounts])]
TransfersDep = Annotated[TransferService, Depends(Provide[ApplicationContainer.transfers])]
ReportsDep = Annotated[ReportService, Depends(Provide[ApplicationContainer.reports])]
