"""The contracts in force."""

from __future__ import annotations

from typing import Protocol

from partition_gate.checks.compiling.compiled import CompiledDataset


class Contracts(Protocol):
    """The contracts, each with its earlier versions."""

    def load(self, name: str) -> CompiledDataset:
        """The contract with this id. Raises: ContractError."""
