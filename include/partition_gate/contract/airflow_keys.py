"""A partition key as Airflow spells it, and back.

Airflow writes a run's key into the run's id, where `[scheduler] allowed_run_id_pattern` forbids `/` and `%`. It allows
`~`, which no part of a partition key holds: one stands for `/`, two for the `%` of an encoded character.
"""

from __future__ import annotations

import re

_ENCODED = re.compile("~~(?=[0-9A-F]{2})")


def to_airflow(key: str) -> str:
    """`2026-11-29/02` -> `2026-11-29~02`, `S%C3%A3o` -> `S~~C3~~A3o`. A key in Airflow's spelling stays as it is."""
    return key.replace("/", "~").replace("%", "~~")


def format_to_airflow(key_format: str) -> str:
    """A key's strftime format as one of Airflow's keys: what it writes is a time, in which nothing is encoded."""
    return key_format.replace("/", "~")


def from_airflow(key: str) -> str:
    """`2026-11-29~02` -> `2026-11-29/02`: the key in the ledger, the console, messages and commands.

    A key in people's spelling stays as it is, so a run that somebody triggered with it is the same partition's.
    """
    return _ENCODED.sub("%", key).replace("~", "/")
