"""Leaving the endpoints to others for a while, without the cost of wiring them anew.

Wiring looks at every member of every module and its classes, which takes longer than a test.
"""

from typing import Any

from dependency_injector import wiring

from sessionscope.fastapi.wiring import _wired


class Parking:
    """What a container's wiring has put into the endpoints: taken out, and put back."""

    def __init__(self, container: Any) -> None:
        self._container = container
        registry: Any = wiring._patched_registry
        patched = [
            registry.get_callable(function)
            for module in container.wired_to_modules
            for function in registry.get_callables_from_module(module)
        ]
        # Copies: whoever wires next may write into what is there.
        self._injections = [(each, dict(each.injections), dict(each.closing)) for each in patched]
        self._modules = list(container.wired_to_modules)
        self._names = [name for name, holder in _wired.items() if holder is container]

    def take_out(self) -> None:
        """Leave the endpoints without objects."""
        if self._is_in():
            for patched, _, _ in self._injections:
                patched.unwind_injections()
            for name in self._names:
                del _wired[name]
            self._container.wired_to_modules.clear()

    def put_back(self) -> None:
        """Give the endpoints their objects again, also after a test unwired the container for good."""
        if not self._is_in():
            for patched, injections, closing in self._injections:
                patched.injections, patched.closing = dict(injections), dict(closing)
            for name in self._names:
                _wired[name] = self._container
            self._container.wired_to_modules[:] = self._modules

    def _is_in(self) -> bool:
        return all(_wired.get(name) is self._container for name in self._names)
