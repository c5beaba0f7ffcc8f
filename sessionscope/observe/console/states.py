"""What the console shows, as it goes to the page."""

from datetime import datetime

from sessionscope.observe.inspection.states import ProcessState, State


class LiveState(State):
    """What happens now. The page asks for it again and again.

    Attributes:
        at: When it was put together.
        pid: The process that has answered.
        processes: This process and the other workers of the same server.
    """

    at: datetime
    pid: int
    processes: tuple[ProcessState, ...]


class ProviderState(State):
    """A provider of the container.

    Attributes:
        name: Its dotted name.
        lifetime: How long its objects live, such as ``process``.
        makes: What it makes.
        takes: The providers that it takes something of.
        overridden_by: What it is overridden with, or None.
    """

    name: str
    lifetime: str
    makes: str
    takes: tuple[str, ...]
    overridden_by: str | None


class WiringState(State):
    """The wiring of the container.

    Attributes:
        container: The name of its class.
        summary: How many providers there are, in a few words.
        picture: An SVG element without a style sheet of its own.
        providers: The providers in the order of their declaration.
    """

    container: str
    summary: str
    picture: str
    providers: tuple[ProviderState, ...]


class SettingState(State):
    """A setting. A secret value is masked.

    Attributes:
        name: Its dotted path.
        value: Its value as text.
        source: Where the value came from: a variable, a file, or ``default``.
    """

    name: str
    value: str
    source: str


class MigrationsState(State):
    """The migrations of a database that came with the code.

    Attributes:
        database: The name of the database.
        heads: The last revisions, usually one.
        count: How many revisions there are.
    """

    database: str
    heads: tuple[str, ...]
    count: int


class ServiceState(State):
    """What a service is made of. It seldom changes while the service runs.

    Attributes:
        title: The name of the service.
        version: Its version.
        library: The version of the library; empty if it is not installed as a package.
        python: The version of Python.
        wiring: The wiring of its container.
        settings: Its settings.
        migrations: The migrations of its databases.
    """

    title: str
    version: str
    library: str
    python: str
    wiring: WiringState
    settings: tuple[SettingState, ...]
    migrations: tuple[MigrationsState, ...]


class DatabaseHealth(State):
    """Whether a database can serve.

    Attributes:
        database: Its name.
        milliseconds: How long it took to answer; None if it did not.
        fault: What is wrong, and the remedy; None if it answers and has the tables that the code needs.
    """

    database: str
    milliseconds: float | None
    fault: str | None


class Checks(State):
    """The result of asking the databases.

    Attributes:
        at: When they were asked.
        databases: What each has answered.
    """

    at: datetime
    databases: tuple[DatabaseHealth, ...]


class Plan(State):
    """How a database would run a statement.

    Attributes:
        lines: The plan; empty if there is none.
        reason: Why there is none.
    """

    lines: tuple[str, ...] = ()
    reason: str = ""


class StatementId(State):
    """Names a statement that a process has recorded.

    Attributes:
        statement: Its id.
    """

    statement: str
