"""Base classes of the bodies, queries and responses."""

from typing import Annotated, Any, ClassVar, Final, Generic, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from sessionscope.reading.fields import InDigits

T = TypeVar("T")

# Each unknown field would be an error of its own: a body of a megabyte could make a hundred thousand of them.
MOST_FIELDS: Final = 100


class RequestBody(BaseModel):
    """What a client sends; a field that we don't know is an error, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_many_fields(cls, values: Any) -> Any:
        # A caller of ours may hand over an object; a client's body is a dictionary.
        count = len(cast("dict[str, Any]", values)) if isinstance(values, dict) else 0
        if count > MOST_FIELDS:
            numbers = {"count": f"{count:,}", "most": MOST_FIELDS}
            raise PydanticCustomError("too_many_fields", "There are {count} fields: send at most {most}", numbers)
        return cast("Any", values)


def _without_null(schema: dict[str, Any], model: type["Patch"]) -> None:
    """Take null out of the fields that refuse it: it only stands for a field that is left out."""
    for name, field in schema["properties"].items():
        if name not in model.clearable and "anyOf" in field:
            [kind] = [each for each in field.pop("anyOf") if each != {"type": "null"}]
            field.update(kind)
            field.pop("default", None)


class Patch(RequestBody):
    """The fields that change; those left out stay."""

    model_config = ConfigDict(json_schema_extra=_without_null)

    clearable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _refuse_null(self) -> Self:
        nulls = [name for name in sorted(self.model_fields_set - self.clearable) if getattr(self, name) is None]
        if nulls:
            names = {"names": ", ".join(nulls)}
            raise PydanticCustomError("null", "{names} can't be null: leave out what is not to change", names)
        return self


class ResponseBody(BaseModel):
    """What a client gets, read from a mapped object."""

    model_config = ConfigDict(from_attributes=True)


class PageQuery(RequestBody):
    """Which part of a list is asked for."""

    limit: Annotated[int, Field(ge=1, le=500, description="longest list to return"), InDigits] = 50
    offset: Annotated[int, Field(ge=0, le=10**9, description="how many to leave out first"), InDigits] = 0


class Page(ResponseBody, Generic[T]):
    """A part of a list, and how long the whole one is."""

    items: list[T]
    total: int
    limit: int
    offset: int
