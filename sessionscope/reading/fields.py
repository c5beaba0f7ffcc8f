"""Field types that several bodies and queries share.

A value in JSON must have its JSON type: ``"1"``, ``1.0`` and ``true`` are not the number 1. In a path or a query
everything is text, and only one spelling of each value is accepted.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

# Keys are 32-bit integers on every database. Refuse a larger one before the database does.
MAX_KEY: Final = 2**31 - 1
# Larger numbers may lose digits, because many JSON libraries read every number as a double.
MAX_EXACT_NUMBER: Final = 2**53 - 1
_DATE_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE
)

_UUID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _in_digits(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch("0|[1-9][0-9]*", value):
        raise PydanticCustomError(
            "digits", "Write a whole number in digits, such as 10, without a sign, a point or a leading 0"
        )
    return value


def _true_or_false(value: Any) -> Any:
    if isinstance(value, str) and value not in ("true", "false"):
        raise PydanticCustomError("true_or_false", "Write true or false")
    return value


def _date_time(value: Any) -> Any:
    if not isinstance(value, datetime) and not (isinstance(value, str) and _DATE_TIME.fullmatch(value)):
        raise PydanticCustomError(
            "date_time",
            "Write a date, a time and an offset in the format of RFC 3339, such as 2026-01-31T12:00:00Z;"
            " in a URL, write the + of an offset as %2B",
        )
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("timestamp", "There is no such time in UTC") from None


def _canonical(value: Any) -> Any:
    if isinstance(value, str) and not _UUID.fullmatch(value):
        raise PydanticCustomError(
            "uuid", "Write a UUID with small letters and hyphens, such as 8e03978e-40d5-43e8-bc93-6894a57f9324"
        )
    return value


Key = Annotated[int, Field(strict=True, ge=1, le=MAX_KEY, examples=[1])]
# In JSON, a path or a query.
UuidKey = Annotated[UUID, BeforeValidator(_canonical), Field(examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"])]
Flag = Annotated[bool, Field(strict=True)]

# For a path or a query.
InDigits: Final = BeforeValidator(_in_digits)
KeyInText = Annotated[
    int,
    Field(
        ge=1,
        le=MAX_KEY,
        examples=[1],
        description="decimal digits without a sign or a leading 0",
        json_schema_extra={"pattern": "^[1-9][0-9]*$"},
    ),
    InDigits,
]
FlagInText = Annotated[bool, BeforeValidator(_true_or_false), Field(description="true or false")]
TimestampInText = Annotated[
    AwareDatetime,
    BeforeValidator(_date_time),
    AfterValidator(_in_utc),
    Field(examples=["2026-01-31T12:00:00Z"], description="date and time with an offset, RFC 3339"),
]


def _exact(value: Any) -> Any:
    # A JSON number with a point arrives as a float: 99999999999999.99 has become ...98 by then.
    is_written_otherwise = isinstance(value, str) and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value)
    is_inexact = isinstance(value, float | bool) or (isinstance(value, int) and abs(value) > MAX_EXACT_NUMBER)
    if is_inexact or is_written_otherwise:
        raise PydanticCustomError("money", 'Amounts are exact: write a string such as "25.50"')
    return value


MoneyIn = Annotated[Decimal, BeforeValidator(_exact), Field(max_digits=18, decimal_places=2)]
Amount = Annotated[
    MoneyIn,
    Field(gt=0),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^0*[0-9]{1,16}(\.[0-9]{1,2}0*)?$", "not": {"pattern": r"^[0.]*$"}},
                {"type": "integer", "minimum": 1, "maximum": MAX_EXACT_NUMBER},
            ],
            "examples": ["25.50"],
        }
    ),
]
Balance = Annotated[
    MoneyIn,
    Field(ge=0),
    # Decimal has a negative zero, which must not be shown.
    AfterValidator(abs),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^(0*[0-9]{1,16}(\.[0-9]{1,2}0*)?|-0+(\.0+)?)$"},
                {"type": "integer", "minimum": 0, "maximum": MAX_EXACT_NUMBER},
            ],
            "examples": ["100.00"],
        }
    ),
]


def _two_decimals(amount: Decimal) -> str:
    return f"{amount:.2f}"


MoneyOut = Annotated[
    Decimal,
    PlainSerializer(_two_decimals, return_type=str),
    Field(examples=["74.50"], json_schema_extra={"type": "string"}),
]
# Stored timestamps are in UTC already. A list has hundreds of them, so they are not converted again.
TimestampOut = Annotated[datetime, Field(examples=["2026-01-31T12:00:00Z"])]
