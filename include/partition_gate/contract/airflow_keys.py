"""A partition key as Airflow spells it, and back.

Airflow writes a run's key into the run's id, where `[scheduler] allowed_run_id_pattern` forbids `/`. It allows `~`,
which no part of a partition key holds.
"""

from __future__ import annotations

_BETWEEN_PARTS, _BETWEEN_PARTS_IN_AIRFLOW = "/", "~"


def to_airflow(key: str) -> str:
    """`2026-11-29/02` -> `2026-11-29~02`. A key in Airflow's spelling stays as it is."""
    return key.replace(_BETWEEN_PARTS, _BETWEEN_PARTS_IN_AIRFLOW)


def from_airflow(key: str) -> str:
    """`2026-11-29~02` -> `2026-11-29/02`: the key in the ledger, the console, messages and commands.

    A key in people's spelling stays as it is, so a run that somebody triggered with it is the same partition's.
    """
    return key.replace(_BETWEEN_PARTS_IN_AIRFLOW, _BETWEEN_PARTS)
