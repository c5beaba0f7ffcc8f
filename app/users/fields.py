"""The types of users' fields."""

import re
from typing import Annotated, Any, Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES
from pydantic import AfterValidator, BeforeValidator, EmailStr, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.users.names import LONGEST_FOLDED, fold_name


def _alone(value: Any) -> Any:
    # Otherwise, pydantic would accept `Ann <ann@example.com>` as ann@example.com.
    if isinstance(value, str) and re.search(r"[<>\s]", value):
        raise PydanticCustomError("email", "Write only the address, as in ann@example.com: no name, < > or space")
    return value


def _can_be_called(name: str) -> str:
    if name in (".", ".."):
        # In a URL's path, they stand for the current and the parent folder.
        raise PydanticCustomError("username", "A username can't be . or ..")
    folded = fold_name(name)
    if not folded:
        raise PydanticCustomError("username", "A username needs a visible character")
    if len(folded) > LONGEST_FOLDED:
        longest = {"longest": LONGEST_FOLDED}
        raise PydanticCustomError(
            "username", "The username has more than {longest} characters when written in simple letters", longest
        )
    return name


# Letters, marks and digits of any script, circled letters, the full-width low line, and the two joiners that some
# scripts need. \w would mean a different set to each reader of the OpenAPI document: in JSON Schema, it is ASCII only.
_LETTERS: Final = r"\p{L}\p{M}\p{Nd}\u2160-\u2188\u24b6-\u24e9\u3007\uff3f\u200c\u200d"
# The invisible characters among them.
_INVISIBLE: Final = r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c\u200d\u3164\ufe00-\ufe0f\uffa0"

# Lowercase, because PostgreSQL and SQLite would treat Ann@ and ann@ as different addresses.
Email = Annotated[
    EmailStr,
    BeforeValidator(_alone),
    AfterValidator(str.lower),
    Field(
        max_length=254,
        examples=["ann@example.com"],
        description="must not be at a reserved domain such as example.test",
        json_schema_extra={"not": {"pattern": rf"[@.]({'|'.join(SPECIAL_USE_DOMAIN_NAMES)})$"}},
    ),
]
Username = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=rf"^[{_LETTERS}_.-]+$"),
    AfterValidator(_can_be_called),
    Field(
        examples=["ann"],
        description="names that differ only by case or forms of letters are the same name",
        json_schema_extra={"not": {"pattern": rf"^(\.\.?|[{_INVISIBLE}]+)$"}},
    ),
]
FoldedUsername = Annotated[Username, AfterValidator(fold_name)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=128), Field(examples=["correct horse battery"])]

# Responses don't validate what is stored: a row that was accepted under other rules must not break lists.
EmailOut = Annotated[str, Field(examples=["ann@example.com"], json_schema_extra={"format": "email"})]
UsernameOut = Annotated[str, Field(examples=["ann"])]
