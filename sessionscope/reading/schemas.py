"""Base classes for bodies, queries and responses."""

from typing import Annotated, Any, ClassVar, Final, Generic, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from sessionscope.reading.fields import InDigits

T = TypeVar("T")

# Each unknown field would be a separate error, and a body of a megabyte could have a hundred thousand of them.
MOST_FIELDS: Final = 100


class CamelCase(BaseModel):
    """Gives fields names such as ``createdAt`` in JSON and in queries: ``class BookIn(CamelCase, RequestBody)``.

    A client has to use these names. In Python, only a response takes the names of its fields as well; make a request
    with ``BookIn.model_validate(values, by_name=True)``.
    """

    model_config = ConfigDict(alias_generator=to_camel)


class RequestBody(BaseModel):
    """Data that a client sends. An unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_many_fields(cls, values: Any) -> Any:
        # A client's body is a dictionary. The service's own code may pass an object.
        count = len(cast("dict[str, Any]", values)) if isinstance(values, dict) else 0
        if count > MOST_FIELDS:
            numbers = {"count": f"{count:,}", "most": MOST_FIELDS}
            raise PydanticCustomError("too_many_fields", "There are {count} fields: send at most {most}", numbers)
        return cast("Any", values)


def _shown(model: type[BaseModel], name: str) -> str:
    """Return the name of a field as clients see it."""
    return model.model_fields[name].alias or name


def _without_null(schema: dict[str, Any], model: type["Patch"]) -> None:
    """Remove null from the schema of fields that refuse it. In the model, None only means that a field is left out."""
    nullable = {_shown(model, name) for name in model.clearable}
    for name, field in schema["properties"].items():
        if name not in nullable and "anyOf" in field:
            [kind] = [each for each in field.pop("anyOf") if each != {"type": "null"}]
            field.update(kind)
            field.pop("default", None)


class Patch(RequestBody):
    """The fields to change. Fields that are left out keep their values."""

    model_config = ConfigDict(json_schema_extra=_without_null)

    clearable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _refuse_null(self) -> Self:
        nulls = [name for name in sorted(self.model_fields_set - self.clearable) if getattr(self, name) is None]
        if nulls:
            names = {"names": ", ".join(_shown(type(self), name) for name in nulls)}
            raise PydanticCustomError("null", "{names} can't be null: leave out fields that should not change", names)
        return self


class ResponseBody(BaseModel):
    """Data that a client gets, read from a mapped object."""

    model_config = ConfigDict(from_attributes=True, validate_by_name=True, validate_by_alias=True)


class PageQuery(RequestBody):
    """The part of a list to return."""

    limit: Annotated[int, Field(ge=1, le=500, description="maximum number of items to return"), InDigits] = 50
    offset: Annotated[int, Field(ge=0, le=10**9, description="number of items to skip"), InDigits] = 0


class Page(ResponseBody, Generic[T]):
    """A part of a list, with the length of the whole list."""

    items: list[T]
    total: int
    limit: int
    offset: int
