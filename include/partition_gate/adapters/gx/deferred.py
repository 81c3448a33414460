"""Great Expectations imported at less cost: what it seldom uses later, and no search for garbage among its objects."""

from __future__ import annotations

import atexit
import gc
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

# Measured: a quarter of the CPU time of `import great_expectations`.
_SELDOM_USED = ("scipy.stats", "altair", "jsonschema")


@contextmanager
def lean_imports(*, seldom_used: bool = False) -> Iterator[None]:
    """Import what needs Great Expectations within it; where that is imported already, nothing is changed. `seldom_used`
    is imported at once where processes are forked that may use it.

    Its 370,000 objects live as long as the process: measured, looking for garbage among them takes 0.4 s of CPU time
    while they come, and 0.15 s once more in the first publish (`gc.freeze` takes them out of the search).
    """
    if "great_expectations" in sys.modules or not gc.isenabled():
        yield
        return
    if not seldom_used:
        _defer_imports()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        atexit.register(gc.unfreeze)  # at its end the process frees them, or DuckDB's module complains of leaks
        gc.enable()


def _defer_imports() -> None:
    for name in _SELDOM_USED:
        if name not in sys.modules and (spec := importlib.util.find_spec(name)) is not None:
            deferred = _Deferred(name)
            deferred.__spec__ = spec
            deferred.__path__ = list(spec.submodule_search_locations or ())
            sys.modules[name] = deferred


class _Deferred(ModuleType):
    """Stands for a package until something asks for what is in it.

    Not `importlib.util.LazyLoader`: the import statement itself reads `__spec__`, which makes that one load at once.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)
