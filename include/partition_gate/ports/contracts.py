"""The contracts in force."""

from __future__ import annotations

from typing import Protocol

from partition_gate.checks.compiling.compiled import CompiledDataset


class Contracts(Protocol):
    """The datasets of the contracts, each with its earlier versions."""

    def load(self, name: str) -> CompiledDataset:
        """The dataset `CONTRACT/DATASET`, or the only one of `CONTRACT`. Raises: ContractError."""
