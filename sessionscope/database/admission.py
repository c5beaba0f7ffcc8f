"""An admission gate: at most as many scopes use sync sessions at a time as the pool has connections.

A plain ``def`` endpoint waits for its connection in one of the server's threads. An endpoint that has finished needs
such a thread for its response, while it still holds its connection. If waiting endpoints took all threads, no request
could finish. So requests wait in the event loop, before they take a thread.
"""

from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sessionscope.database.checkouts import Checkouts
from sessionscope.database.gates import LoopGate, LoopGates, Place
from sessionscope.lifetimes.scopes import Scope
from sessionscope.settings import DatabaseSettings


class AdmissionGate:
    """Admits as many scopes as the pool has connections, or all scopes if the pool has no limit."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._is_limited = settings.pool_class == "queue" and settings.max_overflow >= 0
        self._patience_seconds = settings.pool_timeout
        self._checkouts = Checkouts()
        self._gates = LoopGates(settings.pool_size + max(0, settings.max_overflow))

    async def admit(self, scope: Scope) -> None:
        """Wait until *scope* may use sync sessions. A scope waits only once, and is then admitted until it ends.

        Raises:
            sqlalchemy.exc.TimeoutError: No place was free within the time that the pool waits for a connection.
        """
        if not self._is_limited or scope.holds(self):
            return
        gate = self._gates.here()
        place = gate.enter_at_once()
        if place is None:
            place = await self._wait(gate)
        scope.keep(self, _Admission(self._checkouts, gate, place))

    async def _wait(self, gate: LoopGate) -> Place:
        try:
            return await gate.wait(self._patience_seconds)
        except PoolTimeoutError:
            self._checkouts.report(self._patience_seconds)
            raise


class _Admission:
    """A scope's place, given back when the scope ends."""

    def __init__(self, checkouts: Checkouts, gate: LoopGate, place: Place) -> None:
        self._checkouts = checkouts
        self._gate = gate
        self._place = place
        checkouts.add(self)

    def close(self) -> None:
        self._checkouts.remove(self)
        self._gate.leave(self._place)
