"""The sections of the settings that every service has: each setting, its default and its bounds."""

from ipaddress import ip_network
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from sessionscope.settings.url import DatabaseUrl, DatabaseUrls


class Section(BaseModel):
    """Base class of a section of the settings. Its values can't be changed, and unknown names are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True, allow_inf_nan=False
    )


class DatabaseSettings(Section):
    """Where the database is and how connections to it are pooled. Times are in seconds."""

    url: DatabaseUrl = Field(
        default=DatabaseUrl("sqlite:///./app.db"),
        description="SQLAlchemy URL; sqlite:///:memory: is a private database of one container",
    )
    echo: bool = Field(default=False, description="log every statement, without its values")
    echo_parameters: bool = Field(
        default=False, description="show the values of statements in the echo and in errors; they may be secret"
    )
    pool_class: Literal["queue", "null"] = Field(
        default="queue", description="queue keeps connections; null opens one per use (behind an external pooler)"
    )
    pool_size: int = Field(default=5, ge=1, description="connections kept open")
    max_overflow: int = Field(default=10, ge=-1, description="connections beyond pool_size; -1: no limit")
    pool_timeout: float = Field(default=30, gt=0, description="longest wait for a connection")
    read_share: float = Field(
        default=0.2, ge=0, lt=1, description="share of the connections that async units of work leave to reads"
    )
    pool_recycle: int = Field(default=3600, ge=-1, description="greatest age of a connection; -1: no limit")
    pool_pre_ping: bool = Field(default=True, description="test a pooled connection before use if it was idle")
    pool_ping_idle: float = Field(default=1, ge=0, description="idle time before such a test; 0: test each time")
    connect_timeout: float = Field(default=5, gt=0, description="longest wait for a server to accept a connection")
    network_timeout: float = Field(
        default=15, ge=3, le=3600, description="a connection to a server that is silent ends within this time"
    )
    lock_timeout: float = Field(default=10, gt=0, description="longest wait of a statement for a lock")
    statement_timeout: float | None = Field(
        default=None, gt=0, description="longest run of a statement; unset: no limit"
    )
    slow_statement: float = Field(default=1, ge=0, description="a statement that takes this long is logged; 0: none is")
    long_hold: float = Field(
        default=60, ge=0, description="a connection or session that is held this long is logged; 0: none is"
    )
    isolation_level: Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] | None = Field(
        default=None,
        description="isolation of every transaction; unset: the server's default. SQLite is always serializable",
    )
    transaction_attempts: int = Field(default=8, ge=1, description="how often a unit of work is run at most")
    transaction_patience: float = Field(
        default=10, gt=0, description="a unit of work is not run again so long after it began"
    )
    pgbouncer: bool = Field(default=False, description="the URL leads to PgBouncer in transaction mode")
    replica_urls: DatabaseUrls = Field(
        default_factory=DatabaseUrls, description="replicas of the server at `url`, for sessions that only read"
    )

    @field_validator("replica_urls")
    @classmethod
    def _refuse_others(cls, urls: tuple[DatabaseUrl, ...], info: ValidationInfo) -> tuple[DatabaseUrl, ...]:
        if "url" in info.data:
            kind = info.data["url"].kind
            others = [url.kind for url in urls if url.kind != kind]
            if others:
                names = {"other": others[0], "kind": kind}
                raise PydanticCustomError("replica", "a {other} server can't be a replica of a {kind} server", names)
        return urls


class ServerSettings(Section):
    """Where the HTTP server listens."""

    host: str = Field(default="127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    workers: int = Field(default=1, ge=1, description="server processes")
    shutdown_timeout: int = Field(default=10, ge=1, description="longest wait for open requests at the end, seconds")
    # The longest post has 100,000 characters, and JSON may write each of them as two \uXXXX: 1.2 MB.
    max_body_size: int = Field(default=1_500_000, ge=1, description="longest request body, bytes")
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="addresses or networks whose X-Forwarded-For and X-Forwarded-Proto are trusted; * trusts all",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for text in texts:
                if text != "*":
                    ip_network(text)
        except ValueError:
            raise PydanticCustomError(
                "network", "each must be an IP address, a network such as 10.0.0.0/8, or *"
            ) from None
        return texts


class WorkerSettings(Section):
    """How ``python -m app worker`` does jobs."""

    concurrency: int = Field(default=10, ge=1, description="jobs that run at a time at most")
    shutdown_timeout: int = Field(default=10, ge=1, description="longest wait for jobs in flight at the end, seconds")


class IdempotencySettings(Section):
    """How long the answers to requests with an Idempotency-Key are kept."""

    keep_seconds: float = Field(
        default=86_400, gt=0, description="how long a repeated request gets the first answer; older keys count as new"
    )


class LoggingSettings(Section):
    """What the service logs."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="lowest level to log")
    access: bool = Field(default=True, description="log a line per request")
    format: Literal["console", "json"] = Field(
        default="console", description="console for people; json, an object per line, for collectors"
    )
