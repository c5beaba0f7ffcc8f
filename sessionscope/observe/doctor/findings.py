"""What the doctor found."""

from dataclasses import dataclass
from typing import Final

from sessionscope.code_lines import raised_at
from sessionscope.database.backends.diagnosis import Observation, Status
from sessionscope.database.errors import Failure, failure_of


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        code: A stable code in snake_case. A check has the same code whatever its status.
        status: Whether all is well, or how bad it is.
        subject: What was checked: ``settings``, ``container``, ``process``, or the name of a database.
        what: What was found, as a sentence without a full stop.
        why: Why it matters; of a check that was not made, the reason. Empty if all is well.
        remedy: The command to run or the setting to change. Empty if all is well.
    """

    code: str
    status: Status
    subject: str
    what: str
    why: str = ""
    remedy: str = ""

    @classmethod
    def of(cls, observation: Observation, subject: str) -> "Finding":
        """Return what a backend noticed about the database *subject*."""
        each = observation
        return cls(each.code, each.status, subject, each.what, each.why, each.remedy)


def not_checked(code: str, subject: str, why: str) -> Finding:
    """Return the finding of a check that another finding made impossible."""
    return Finding(code, Status.NOT_CHECKED, subject, "not checked", why)


def broken_check(code: str, subject: str, error: BaseException) -> Finding:
    """Return the finding of a check that raised *error*, whose text may contain values."""
    return Finding(
        code,
        Status.FAILURE,
        subject,
        f"the check failed: {described(error)}",
        "nothing is known about what it checks",
        "mend its cause, and run the command again",
    )


def described(error: BaseException) -> str:
    """Return what *error* says without its text: the failure of a database, or its class and where it was raised."""
    failure = failure_of(error)
    if failure is not None:
        return failure.description
    line = raised_at(error)
    return f"{type(error).__name__} at {line}" if line else type(error).__name__


# What to do if a database can't be used.
REMEDIES: Final = {
    Failure.UNREACHABLE: "start the server, or correct host and port in `database.url`",
    Failure.DENIED: "correct user, password and name in `database.url`",
    Failure.TOO_MANY_CONNECTIONS: "raise the server's limit, or lower `database.pool_size`",
    Failure.NOT_A_DATABASE: "correct the path in `database.url`",
    Failure.CORRUPT: "restore a backup",
    Failure.LOCK_TIMEOUT: "run `db locks`",
}
