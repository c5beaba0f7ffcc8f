"""The scope keeps one object per provider, and closes each of them, whatever happens."""

import asyncio
import gc
import threading
import warnings
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

import anyio
import pytest
from dependency_injector import containers, providers
from sqlalchemy.orm import Session

from sessionscope import Scope, ScopedResource, ScopeError, TeardownError, current_scope, scope
from tests.sessionscope.unit.lifetimes.probes import AsyncProbe, Probe, Stubborn, async_generated, generated


class TestForgotten:
    def test_a_scope_that_is_never_left_warns(self) -> None:
        """A scope that is collected while it is open names the line that made it, and what it holds."""

        class Container(containers.DeclarativeContainer):
            probe = ScopedResource(Probe)

        container = Container()

        def forget() -> None:
            forgotten = scope()
            forgotten.__enter__()
            container.probe()

        def forget_and_collect() -> None:
            copy_context().run(forget)
            gc.collect()

        expected = r"made at tests/.*/test_scope\.py:\d+ in forget, it holds probe; use `with`"
        with pytest.warns(ResourceWarning, match=expected):
            forget_and_collect()

    def test_a_scope_that_is_left_does_not_warn(self) -> None:
        """Leaving a scope is all that it takes, and a scope that was never entered holds nothing."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with scope():
                pass
            scope()


class TestIdentity:
    def test_one_object_per_provider_in_a_scope(self) -> None:
        """All callers in one scope get the same object."""
        probe = ScopedResource(Probe)
        with scope():
            assert probe() is probe()

    def test_scopes_share_nothing(self) -> None:
        """Two scopes never get the same object."""
        probe = ScopedResource(Probe)
        with scope():
            first = probe()
        with scope():
            assert probe() is not first

    def test_scopes_nest(self) -> None:
        """An inner scope has objects of its own, and the outer one goes on after it."""
        probe = ScopedResource(Probe)
        with scope() as outer:
            first = probe()
            with scope():
                assert probe() is not first
            assert current_scope() is outer
            assert probe() is first

    def test_two_providers_do_not_share(self) -> None:
        """The object belongs to the provider, not to its recipe."""
        one, other = ScopedResource(Probe), ScopedResource(Probe)
        with scope():
            assert one() is not other()

    def test_two_containers_do_not_share(self) -> None:
        """Each instance of a container has providers of its own."""

        class Container(containers.DeclarativeContainer):
            probe = ScopedResource[Probe](Probe)

        one, other = Container(), Container()
        with scope():
            assert one.probe() is not other.probe()

    async def test_threads_and_tasks_of_a_request_share(self) -> None:
        """A copied context holds the same scope, so it reaches the same object."""
        probe = ScopedResource(Probe)

        async def ask() -> Probe:
            return probe()

        async with scope():
            here = probe()
            assert [here, here, here] == [await ask(), await asyncio.create_task(ask()), await asyncio.to_thread(probe)]

    def test_concurrent_threads_get_one_object(self) -> None:
        """The first call makes the object, also when twenty come first."""
        barrier = threading.Barrier(20)
        made: list[Probe] = []

        def make() -> Probe:
            made.append(Probe())
            return made[-1]

        provider = ScopedResource(make)

        def ask() -> Probe:
            barrier.wait()
            return provider()

        with scope(), ThreadPoolExecutor(20) as pool:
            futures = [pool.submit(copy_context().run, ask) for _ in range(20)]
            assert {made[0]} == {future.result() for future in futures}
        assert len(made) == 1

    def test_making_one_may_ask_for_another(self) -> None:
        """A scoped object may be made of other scoped objects."""
        inner = ScopedResource(Probe, "inner")
        outer = ScopedResource(Probe, inner.provided.name)
        with scope():
            assert outer().name == "inner"

    def test_changed_arguments_matter(self) -> None:
        """A provider whose arguments are set anew makes its next object with them."""
        probe = ScopedResource(Probe, "before")
        with scope():
            assert probe().name == "before"
        probe.set_args("after")
        with scope():
            assert probe().name == "after"


class TestOutside:
    def test_nothing_is_made_without_a_scope(self) -> None:
        """Outside a scope an object is refused, with the ways to open one."""
        made: list[Probe] = []
        provider = ScopedResource(lambda: made.append(Probe()))
        with pytest.raises(ScopeError, match=r"with scope\(\):.*async with scope\(\):.*ScopeMiddleware.*WebSocket"):
            provider()
        assert made == []

    def test_current_scope_says_how_to_open_one(self) -> None:
        """Asking for the scope where there is none is an error too."""
        with pytest.raises(ScopeError, match=r"no scope is open here: open one with"):
            current_scope()

    async def test_a_task_that_outlives_its_scope_gets_nothing(self) -> None:
        """An object that is made after the end could never be closed."""
        probe = ScopedResource(Probe)
        ended = asyncio.Event()

        async def late() -> Probe:
            await ended.wait()
            return probe()

        async with scope():
            task = asyncio.create_task(late())
        ended.set()
        with pytest.raises(ScopeError, match="the scope has ended"):
            await task

    def test_a_scope_is_entered_once(self) -> None:
        """A scope that was left is not opened again."""
        one = Scope()
        with one:
            pass
        with pytest.raises(ScopeError, match="entered before"), one:
            pass

    def test_start_up_makes_nothing(self) -> None:
        """`init_resources` starts objects of the process, which a session is not."""

        class Container(containers.DeclarativeContainer):
            probe = ScopedResource[Probe](Probe)

        container = Container()
        container.init_resources()
        with scope():
            container.init_resources()
            assert container.probe.initialized is False


class TestTeardown:
    def test_last_made_is_first_closed(self) -> None:
        """An object is closed before the objects that it was made from."""
        closed: list[str] = []
        with scope():
            for name in ("a", "b", "c"):
                ScopedResource(Probe, name, closed)()
        assert closed == ["c", "b", "a"]

    def test_every_one_is_closed(self) -> None:
        """A close that fails keeps no other from happening, and is reported."""
        closed: list[str] = []
        with pytest.raises(TeardownError) as caught, scope():
            ScopedResource(Probe, "a", closed)()
            ScopedResource(Stubborn, "b", closed)()
            ScopedResource(Probe, "c", closed)()
        assert closed == ["c", "a"]
        assert ["b is stuck"] == [str(error) for error in caught.value.exceptions]

    async def test_every_one_is_closed_asynchronously(self) -> None:
        """The same with `async with`."""
        closed: list[str] = []
        with pytest.raises(TeardownError):
            async with scope():
                ScopedResource(AsyncProbe, "a", closed)()
                ScopedResource(Stubborn, "b", closed)()
                ScopedResource(Probe, "c", closed)()
        assert closed == ["c", "a"]

    async def test_a_close_that_is_cancelled_from_within_keeps_no_other(self) -> None:
        """Not even a cancellation inside a close keeps the rest open."""
        closed: list[str] = []

        class Cancelled(Probe):
            async def close(self) -> None:  # type: ignore[override]
                raise asyncio.CancelledError

        with pytest.raises(TeardownError):
            async with scope():
                ScopedResource(Probe, "a", closed)()
                ScopedResource(Cancelled)()
        assert closed == ["a"]

    def test_the_first_error_is_the_one_that_counts(self, caplog: pytest.LogCaptureFixture) -> None:
        """A failing close does not hide what the body failed with; it is logged."""
        with pytest.raises(KeyError), scope():
            ScopedResource(Stubborn)()
            raise KeyError
        assert "closing a scope failed after KeyError" in caplog.text

    def test_the_scope_is_left_even_if_closing_fails(self) -> None:
        """A failed teardown does not leave its scope behind as the current one."""
        with pytest.raises(TeardownError), scope():
            ScopedResource(Stubborn)()
        with pytest.raises(ScopeError):
            current_scope()

    def test_a_value_without_close_is_just_forgotten(self) -> None:
        """An object of a scope doesn't need a method that closes it."""
        value = ScopedResource[dict[str, str]](dict)
        with scope():
            assert value() == {}

    def test_a_context_manager_is_entered_and_left(self) -> None:
        """An object without `close()` that is a context manager is entered, and its value is provided."""
        log: list[str] = []

        class Manager:
            def __enter__(self) -> str:
                log.append("enter")
                return "entered"

            def __exit__(self, *_: object) -> None:
                log.append("exit")

        with scope():
            assert ScopedResource(Manager)() == "entered"
        assert log == ["enter", "exit"]

    async def test_a_scope_may_be_left_in_another_context(self) -> None:
        """A generator fixture's setup and teardown run in different contexts."""
        closed: list[str] = []
        one = Scope()
        copy_context().run(one.__enter__)
        copy_context().run(lambda: one.get(ScopedResource(Probe, "p", closed), (), {}))
        one.__exit__(None, None, None)
        assert closed == ["p"]


class TestGenerators:
    def test_a_generator_cleans_up_after_its_value(self) -> None:
        """Code after the `yield` runs at the end of the scope."""
        ended: list[Any] = []
        with scope():
            assert ScopedResource(generated, ended)() == "value"
            assert ended == []
        assert ended == [None]

    def test_a_generator_sees_the_error(self) -> None:
        """What the scope failed with is raised at the `yield`, so a commit behind it is not reached."""
        ended: list[Any] = []
        with pytest.raises(KeyError), scope():
            ScopedResource(generated, ended)()
            raise KeyError
        assert ended == ["KeyError"]

    async def test_an_async_generator_is_awaited(self) -> None:
        """An async generator makes the provider awaitable, and all callers get the same value."""
        ended: list[Any] = []
        provider: ScopedResource[str] = ScopedResource(async_generated, ended)
        async with scope():
            assert await asyncio.gather(*(provider.async_() for _ in range(3))) == ["value"] * 3
            assert ended == []
        assert ended == [None]

    async def test_an_async_generator_sees_the_error(self) -> None:
        """What the scope failed with is raised at its `yield` too."""
        ended: list[Any] = []
        provider: ScopedResource[str] = ScopedResource(async_generated, ended)
        with pytest.raises(KeyError):
            async with scope():
                await provider.async_()
                raise KeyError
        assert ended == ["KeyError"]

    async def test_what_could_not_be_opened_is_tried_again(self) -> None:
        """A failed opening is raised where it is awaited, and is not kept."""
        attempts: list[int] = []

        async def flaky() -> AsyncGenerator[str, None]:
            attempts.append(1)
            if len(attempts) == 1:
                raise OSError("not yet")
            yield "value"

        provider: ScopedResource[str] = ScopedResource(flaky)
        async with scope():
            with pytest.raises(OSError, match="not yet"):
                await provider.async_()
            assert await provider.async_() == "value"

    async def test_what_is_still_opening_at_the_end_is_stopped(self) -> None:
        """A scope does not wait for something that nobody will use."""
        stopped = asyncio.Event()

        async def slow() -> AsyncGenerator[str, None]:
            try:
                await asyncio.sleep(60)
            finally:
                stopped.set()
            yield "value"

        async with scope():
            ScopedResource(slow)()
            await asyncio.sleep(0)
        assert stopped.is_set()


class TestCancellation:
    async def test_asyncio_cancellation_does_not_cut_a_close_short(self) -> None:
        """A task cancelled while it closes finishes closing, and is cancelled then."""
        closed: list[str] = []
        closing = asyncio.Event()

        class Slow(Probe):
            async def close(self) -> None:  # type: ignore[override]
                closing.set()
                await asyncio.sleep(0.02)
                self.closed.append(self.name)

        async def job() -> None:
            async with scope():
                ScopedResource(Probe, "first", closed)()
                ScopedResource(Slow, "slow", closed)()

        task = asyncio.create_task(job())
        await closing.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert closed == ["slow", "first"]

    async def test_anyio_cancellation_does_not_either(self) -> None:
        """The same for a cancel scope, as frameworks use when a client goes away."""
        closed: list[str] = []
        with anyio.move_on_after(0.01):
            async with scope():
                ScopedResource(AsyncProbe, "a", closed)()
                await anyio.sleep(60)
        assert closed == ["a"]

    async def test_a_cancelled_body_is_closed(self) -> None:
        """A task cancelled in the middle of its work closes what it opened."""
        closed: list[str] = []

        async def job() -> None:
            async with scope():
                ScopedResource(AsyncProbe, "a", closed)()
                await asyncio.sleep(60)

        task = asyncio.create_task(job())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert closed == ["a"]


class TestThreads:
    @pytest.mark.parametrize("in_transaction", [True, False], ids=["in a transaction", "idle"])
    async def test_a_sync_session_in_a_transaction_is_closed_off_the_loop(self, *, in_transaction: bool) -> None:
        """Its rollback may wait for the server, which the loop must not; an idle one needs no thread."""
        closed_by: list[int] = []

        class Sessionlike(Session):
            def in_transaction(self) -> bool:
                return in_transaction

            def close(self) -> None:
                closed_by.append(threading.get_ident())

        async with scope():
            ScopedResource(Sessionlike)()
        assert in_transaction == (closed_by != [threading.get_ident()])


class TestRelease:
    async def test_release_leaves_other_objects_alone(self) -> None:
        """A client for the other service must not be closed before the call to it."""
        closed: list[str] = []
        async with scope() as current:
            ScopedResource(Probe, "client", closed)()
            await current.release()
            assert closed == []


class TestShutdown:
    async def test_shutdown_resources_closes_the_scopes_objects(self) -> None:
        """The library's own call works: it closes what the current scope has, once."""
        closed: list[str] = []

        class Container(containers.DeclarativeContainer):
            # Not as arguments: a container copies those.
            probe = ScopedResource[Probe](lambda: Probe("sync", closed))
            async_probe = ScopedResource[AsyncProbe](lambda: AsyncProbe("async", closed))

        container = Container()
        async with scope():
            first = container.probe()
            container.async_probe()
            container.shutdown_resources()
            assert container.probe() is not first
        assert sorted(closed) == ["async", "sync", "sync"]

    def test_without_a_scope_there_is_nothing_to_shut_down(self) -> None:
        """Shutting down outside a scope is not an error."""
        assert ScopedResource(Probe).shutdown() is None


def _listed(closed: list[str]) -> Any:
    @contextmanager
    def opened() -> Any:
        yield "value"
        closed.append("fake")

    return opened


class TestOverrides:
    @pytest.mark.parametrize(
        "override_with",
        [
            lambda closed: ScopedResource(Probe, "fake", closed),
            lambda closed: providers.Factory(Probe, "fake", closed),
            lambda closed: providers.Callable(Probe, "fake", closed),
            lambda closed: providers.Resource(_listed(closed)),
            lambda closed: providers.ContextLocalResource(_listed(closed)),
        ],
        ids=["ScopedResource", "Factory", "Callable", "Resource", "ContextLocalResource"],
    )
    def test_an_override_has_the_scopes_lifetime(self, override_with: Any) -> None:
        """With any overriding recipe, there is one object per scope, and it is closed instead of the original."""
        closed: list[str] = []
        provider = ScopedResource(Probe, "original", closed)
        with provider.override(override_with(closed)), scope():
            assert provider() is provider()
        assert closed == ["fake"]

    def test_a_given_object_is_its_owners(self) -> None:
        """An object that the override did not make is not closed by the scope."""
        closed: list[str] = []
        provider = ScopedResource(Probe, "original", closed)
        fake = Probe("fake", closed)
        with provider.override(fake), scope():
            assert provider() is fake
        assert closed == []

    def test_an_override_is_honoured_by_the_next_call(self) -> None:
        """A scope that has made the original already hands out the override's object."""
        closed: list[str] = []
        provider = ScopedResource(Probe, "original", closed)
        with scope():
            assert provider().name == "original"
            with provider.override(providers.Factory(Probe, "fake", closed)):
                assert provider().name == "fake"
            assert provider().name == "original"
        assert closed == ["fake", "original"]
