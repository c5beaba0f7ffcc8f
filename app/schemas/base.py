"""Parents of the bodies, queries and replies."""

from typing import Annotated, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

T = TypeVar("T")


class Body(BaseModel):
    """What a client sends; a field that we don't know is an error, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Patch(Body):
    """The fields that change; those left out stay."""

    clearable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _refuse_null(self) -> Self:
        nulls = [name for name in sorted(self.model_fields_set - self.clearable) if getattr(self, name) is None]
        if nulls:
            names = {"names": ", ".join(nulls)}
            raise PydanticCustomError("null", "{names} can't be null: leave out what is not to change", names)
        return self


class Reply(BaseModel):
    """What a client gets, read from a mapped object."""

    model_config = ConfigDict(from_attributes=True)


class PageQuery(Body):
    """Which part of a list is asked for."""

    limit: Annotated[int, Field(ge=1, le=500, description="longest list to return")] = 50
    offset: Annotated[int, Field(ge=0, le=10**9, description="how many to leave out first")] = 0


class Page(Reply, Generic[T]):
    """A part of a list, and how long the whole one is."""

    items: list[T]
    total: int
    limit: int
    offset: int
