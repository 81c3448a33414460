"""The name of a function that corrects quarantined rows: `package.module:function`, below one folder."""

from __future__ import annotations

import re

from partition_gate.core.nearest_words import shown
from partition_gate.core.record import Record

# The custom property of a contract, or of a schema object, that names its function.
RECOVER = "recover"
_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_NAME = re.compile(rf"(?P<module>{_WORD}(\.{_WORD})*):(?P<function>{_WORD})")


class RecoveryFunction(Record):
    """A function in a module. A module's parts are plain words, so its file is always below the folder."""

    module: str
    function: str

    @property
    def file(self) -> str:
        """The module's file, relative to the folder: `fixes/orders.py`."""
        return f"{self.module.replace('.', '/')}.py"


def recovery_function(name: object) -> RecoveryFunction:
    """The function that a contract names. Raises: ValueError, with what is wrong and what to write."""
    found = _NAME.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        raise ValueError(f"{shown(name)} does not name a function: write module:function, such as orders:fix_signs")
    return RecoveryFunction(module=found["module"], function=found["function"])
