"""The dependencies of endpoints."""

from typing import Annotated

from fastapi import Depends

from examples.resource.ours.books.service import BookService
from examples.resource.ours.container import ApplicationContainer
from sessionscope import Provide

BooksDep = Annotated[BookService, Depends(Provide[ApplicationContainer.books])]
