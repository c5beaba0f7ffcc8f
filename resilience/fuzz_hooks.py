"""What a schema can't say of the service's requests; schemathesis loads this, as ``schemathesis.toml`` says."""

import re
from itertools import count
from typing import Any, Final

import schemathesis
from hypothesis import strategies

# Of an Idempotency-Key that is valid.
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_numbers = count()

# The format has more addresses than mail can be sent to: of reserved domains, and with quoted names.
schemathesis.openapi.format(
    "email", strategies.from_regex(r"[a-z0-9]{1,20}@[a-z]{2,20}\.(com|net|org)", fullmatch=True)
)


@schemathesis.hook
def before_call(_context: Any, case: Any, **_options: Any) -> None:
    """Give each request an Idempotency-Key of its own, and write whole numbers plainly.

    A key that comes again with another body is refused. To JSON Schema 1.0 is an integer; the service refuses it.
    """
    for name, value in list((case.headers or {}).items()):
        if name.lower() == "idempotency-key" and isinstance(value, str) and _KEY.fullmatch(value):
            case.headers[name] = f"{value[:200]}-{next(_numbers)}"
    if isinstance(case.body, dict):
        case.body = {name: _plain(value) for name, value in case.body.items()}


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
