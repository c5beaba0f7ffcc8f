"""What has to be awaited is given to coroutine functions alone, and the check says so."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import httpx2
import pytest
from dependency_injector import containers, providers
from fastapi import Depends, FastAPI

from containers import (
    ContainerError,
    Provide,
    ScopedResource,
    ScopeMiddleware,
    Shared,
    check_container,
    close_container,
    inject,
    open_container,
)
from sessionscope.fastapi.wiring import GuardedContainer


async def greeting() -> AsyncGenerator[str, None]:
    """Yield a greeting, asynchronously."""
    yield "hello"


class Greetings(containers.DeclarativeContainer):
    """Something to inject that is made asynchronously."""

    instance_type = GuardedContainer
    word = ScopedResource[str](greeting)
    shared = Shared[str](greeting)
    service = providers.Factory[Any](list, providers.List(word))


@inject
async def awaiting(words: Annotated[list[str], Depends(Provide[Greetings.service])]) -> list[str]:
    """Return the greeting, in a list."""
    return words


@inject
def plain(words: Annotated[list[str], Depends(Provide[Greetings.service])]) -> list[str]:
    """Return the greeting, in a list; the list can't be had here."""
    return words


@inject
def opened_before(word: Annotated[str, Depends(Provide[Greetings.shared])]) -> str:
    """Return the greeting that is open already."""
    return word


class TestAwaited:
    def app(self, *endpoints: Any) -> FastAPI:
        """Return an application with the endpoints."""
        app = FastAPI()
        app.add_middleware(ScopeMiddleware)
        for endpoint in endpoints:
            app.get(f"/{endpoint.__name__}")(endpoint)
        return app

    def test_a_plain_function_can_not_await(self) -> None:
        """What it would answer with a bare 500 is found at the start, with the provider's name."""
        container = Greetings()
        container.wire(modules=[__name__])
        with pytest.raises(ContainerError) as caught:
            check_container(container, self.app(plain, awaiting, opened_before))
        container.unwire()
        [finding] = caught.value.findings
        assert finding.where.startswith("/plain (")
        assert "'words' needs word, which is made asynchronously" in finding.fault
        assert "Make the function `async def`" == finding.remedy

    async def test_an_async_one_gets_the_object(self) -> None:
        """A coroutine function awaits it; what is open already is given to any function."""
        container = Greetings()
        container.wire(modules=[__name__])
        app = self.app(awaiting, opened_before)
        check_container(container, app)
        await open_container(container)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
            assert ["hello"] == (await client.get("/awaiting")).json()
            assert "hello" == (await client.get("/opened_before")).json()
        container.unwire()
        await close_container(container)
