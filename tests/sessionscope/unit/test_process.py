"""A worker runs its container in one block."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from dependency_injector import containers, providers

from sessionscope import ContainerError, NotOpenError, Shared, process, running, scope
from sessionscope.settings import LoggingSettings, ServiceSettings

pytestmark = pytest.mark.isolation("none")


class WorkerSettings(ServiceSettings):
    logging: LoggingSettings = LoggingSettings(level="WARNING")


async def broker(log: list[str]) -> AsyncGenerator[str, None]:
    """Yield a broker."""
    log.append("opened")
    yield "broker"
    log.append("closed")


class WorkerContainer(containers.DeclarativeContainer):
    log = providers.Singleton(list[str])
    broker = Shared[str](broker, log)


class TestRunning:
    async def test_container_is_open_inside_and_closed_after(self) -> None:
        """What takes an event loop to open is there for each job."""
        async with running(WorkerContainer) as container:
            async with scope():
                assert "broker" == container.broker()
            log = container.log()
        assert ["opened", "closed"] == log
        with pytest.raises(NotOpenError):
            container.broker()

    async def test_faulty_container_is_refused(self) -> None:
        """It is checked before anything is opened."""
        log: list[str] = []

        class Faulty(containers.DeclarativeContainer):
            broker = Shared[str](broker, providers.Object(log))
            unresolvable = providers.Callable(int, "not a number")

        with pytest.raises(ContainerError):
            async with running(Faulty):
                pass
        assert [] == log

    async def test_container_is_closed_when_the_body_fails(self) -> None:
        """The error is the body's."""
        log: list[str] = []
        with pytest.raises(ZeroDivisionError):
            async with running(lambda: WorkerContainer(log=providers.Object(log))):
                raise ZeroDivisionError
        assert ["opened", "closed"] == log

    async def test_logging_is_set_up_as_the_settings_say(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A section `logging` of the container's settings is enough."""
        configured: list[dict[str, Any]] = []
        monkeypatch.setattr(process, "dictConfig", configured.append)

        class Container(containers.DeclarativeContainer):
            settings = Shared(WorkerSettings)

        async with running(Container):
            pass
        assert ["WARNING"] == [config["root"]["level"] for config in configured]
