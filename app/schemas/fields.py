"""Field types that several bodies have."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    EmailStr,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

# Keys are 32-bit integers on every database: a larger one is no key, rather than a database error.
MAX_KEY: Final = 2**31 - 1

Key = Annotated[int, Field(ge=1, le=MAX_KEY, examples=[1])]

# One mailbox, one spelling: PostgreSQL and SQLite would take Ann@ and ann@ for two.
Email = Annotated[EmailStr, AfterValidator(str.lower), Field(max_length=254, examples=["ann@example.com"])]
Username = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.-]+$"), Field(examples=["ann"])]
Password = Annotated[str, StringConstraints(min_length=8, max_length=128), Field(examples=["correct horse battery"])]

# PostgreSQL stores any text but NUL.
Title = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$"), Field(examples=["On sessions"])
]
Content = Annotated[
    str, StringConstraints(max_length=100_000, pattern=r"^[^\x00]*$"), Field(examples=["One per request."])
]

# Replies show what is stored: a row that other rules let in must not break every list that it is in.
EmailOut = Annotated[str, Field(examples=["ann@example.com"], json_schema_extra={"format": "email"})]
UsernameOut = Annotated[str, Field(examples=["ann"])]
TitleOut = Annotated[str, Field(examples=["On sessions"])]
ContentOut = Annotated[str, Field(examples=["One per request."])]


def _exact(value: Any) -> Any:
    # A JSON number with a point is a float before we see it: 99999999999999.99 has become ...98 by then.
    is_written_otherwise = isinstance(value, str) and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value)
    if isinstance(value, float) or is_written_otherwise:
        raise PydanticCustomError("money", 'Amounts are exact: write a string as "25.50"')
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("moment", "There is no such moment in UTC") from None


MoneyIn = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(max_digits=18, decimal_places=2),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,16}(\.[0-9]{1,2})?$"}),
]
Amount = Annotated[MoneyIn, Field(gt=0, examples=["25.50"])]
# Zero has no sign, though Decimal's may.
Balance = Annotated[MoneyIn, Field(ge=0, examples=["100.00"]), AfterValidator(abs)]


def _two_decimals(amount: Decimal) -> str:
    return f"{amount:.2f}"


MoneyOut = Annotated[
    Decimal,
    PlainSerializer(_two_decimals, return_type=str),
    Field(examples=["74.50"], json_schema_extra={"type": "string"}),
]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc), Field(examples=["2026-01-31T12:00:00Z"])]
# What is stored is in UTC already, and a list has hundreds of them.
MomentOut = Annotated[datetime, Field(examples=["2026-01-31T12:00:00Z"])]
