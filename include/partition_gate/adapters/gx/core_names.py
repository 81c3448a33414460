"""Which expectations Great Expectations itself has."""

from __future__ import annotations

import re

from great_expectations.expectations import core


def core_expectations() -> frozenset[str]:
    """Their types, as suite files name them (`expect_column_values_to_be_unique`)."""
    classes = (name for name in dir(core) if name.startswith("Expect"))
    return frozenset(re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in classes)
