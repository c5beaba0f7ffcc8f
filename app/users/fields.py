"""Field types of users."""

import re
from typing import Annotated, Any, Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES
from pydantic import AfterValidator, BeforeValidator, EmailStr, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.users.names import LONGEST_FOLDED, fold_name


def _alone(value: Any) -> Any:
    # Otherwise `Ann <ann@example.com>` would become ann@example.com in silence.
    if isinstance(value, str) and re.search(r"[<>\s]", value):
        raise PydanticCustomError("email", "Write the address alone, as ann@example.com: no name, < > or space")
    return value


def _can_be_called(name: str) -> str:
    if name in (".", ".."):
        # In a URL's path they mean this folder and the one above.
        raise PydanticCustomError("username", "A username can't be . or ..")
    folded = fold_name(name)
    if not folded:
        raise PydanticCustomError("username", "A username needs a character that can be seen")
    if len(folded) > LONGEST_FOLDED:
        longest = {"longest": LONGEST_FOLDED}
        raise PydanticCustomError(
            "username", "Written in simple letters it has more than {longest} characters", longest
        )
    return name


# Letters, marks and digits of any script, circled letters, the full-width low line, and the two joiners that some
# scripts need. Not \w, which is another set for each reader of the OpenAPI document: JSON Schema's has ASCII alone.
_LETTERS: Final = r"\p{L}\p{M}\p{Nd}\u2160-\u2188\u24b6-\u24e9\u3007\uff3f\u200c\u200d"
# Those among them that show nothing.
_INVISIBLE: Final = r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200c\u200d\u3164\ufe00-\ufe0f\uffa0"

# One mailbox, one spelling: PostgreSQL and SQLite would take Ann@ and ann@ for two.
Email = Annotated[
    EmailStr,
    BeforeValidator(_alone),
    AfterValidator(str.lower),
    Field(
        max_length=254,
        examples=["ann@example.com"],
        description="not at a domain that is reserved, as example.test",
        json_schema_extra={"not": {"pattern": rf"[@.]({'|'.join(SPECIAL_USE_DOMAIN_NAMES)})$"}},
    ),
]
Username = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=rf"^[{_LETTERS}_.-]+$"),
    AfterValidator(_can_be_called),
    Field(
        examples=["ann"],
        description="names that differ by capitals or forms of letters alone are the same name",
        json_schema_extra={"not": {"pattern": rf"^(\.\.?|[{_INVISIBLE}]+)$"}},
    ),
]
FoldedUsername = Annotated[Username, AfterValidator(fold_name)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=128), Field(examples=["correct horse battery"])]

# Responses show what is stored: a row that other rules let in must not break every list that it is in.
EmailOut = Annotated[str, Field(examples=["ann@example.com"], json_schema_extra={"format": "email"})]
UsernameOut = Annotated[str, Field(examples=["ann"])]
