from functools import lru_cache
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from app import db
from app.catalogue import Catalogue

DbDep = Annotated[AsyncSession, Depends(db.get_async_db)]


@lru_cache
def get_catalogue() -> Catalogue:
    return Catalogue(db.SessionLocal())


CatalogueDep = Annotated[Catalogue, Depends(get_catalogue)]
