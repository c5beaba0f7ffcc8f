"""Field types that several bodies have."""

from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, EmailStr, Field, PlainSerializer, StringConstraints

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

Amount = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=2, examples=["25.50"])]
Balance = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2, examples=["100.00"])]


def _two_decimals(amount: Decimal) -> str:
    return f"{amount:.2f}"


MoneyOut = Annotated[
    Decimal,
    PlainSerializer(_two_decimals, return_type=str),
    Field(examples=["74.50"], json_schema_extra={"type": "string"}),
]
Moment = Annotated[AwareDatetime, Field(examples=["2026-01-31T12:00:00Z"])]
