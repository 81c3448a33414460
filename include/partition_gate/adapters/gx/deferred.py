"""Packages that Great Expectations imports at its start and seldom uses, imported when they are."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

# Measured: a quarter of the CPU time of `import great_expectations`.
_SELDOM_USED = ("scipy.stats", "altair")


def defer_imports() -> None:
    """Call before anything of this package is imported; packages that are imported already stay as they are."""
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
