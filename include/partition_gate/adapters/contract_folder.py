"""Contracts and their committed suites as files in a git checkout."""

from __future__ import annotations

from pathlib import Path

from partition_gate.compiled import CompiledContract, compiled
from partition_gate.contract import Contract, Status
from partition_gate.errors import ContractError, StaleSuite, UnknownContract
from partition_gate.odcs import read_contract
from partition_gate.record import Record

SUFFIX = ".odcs.yaml"


class Catalogue(Record):
    """All contracts of the folder: those that can be used, and (file, problem) of those that cannot."""

    contracts: tuple[CompiledContract, ...]
    broken: tuple[tuple[str, str], ...]


class ContractFolder:
    """`contracts/<id>.odcs.yaml` with `expectations/<id>/<schema>.json`; other paths are compiled in memory."""

    def __init__(self, contracts: Path, expectations: Path, *, environment: str = "") -> None:
        self.contracts, self.expectations, self.environment = contracts, expectations, environment

    def load(self, name: str) -> CompiledContract:
        """The contract of an id, or in a file.

        Raises:
            UnknownContract: neither an id of the folder nor a file.
            ContractError: the file is no usable contract.
            StaleSuite: the committed suite is not what the contract compiles to.
        """
        path = self.locate(name)
        if not path.is_file():
            raise UnknownContract(f"{name!r} is no contract: {self._known()}; or give the path of a contract file")
        contract = self.read(path)
        if path.resolve().parent != self.contracts.resolve():
            return compiled(contract)
        return self._committed(contract)

    def load_all(self) -> Catalogue:
        """Every contract of the folder; a bad one never hides the others."""
        good, broken = [], []
        for path in self.paths():
            try:
                good.append(self.load(str(path)))
            except ContractError as error:
                broken.append((path.name, str(error)))
        return Catalogue(contracts=tuple(good), broken=tuple(broken))

    def load_some(self, name: str | None) -> tuple[CompiledContract, ...]:
        """The contract of that id, or all that can be used; a retired contract is none of them."""
        found = (
            (self.load(name),) if name and (self.contracts / f"{name}{SUFFIX}").is_file() else self.load_all().contracts
        )
        return tuple(compiled for compiled in found if compiled.contract.status is not Status.RETIRED)

    def paths(self) -> list[Path]:
        """The contract files, by name. Raises: UnknownContract (there is no such folder)."""
        if not self.contracts.is_dir():
            raise UnknownContract(
                f"{self.contracts}: no such folder; set GATE_CONTRACTS to the folder of the contracts"
            )
        return sorted(self.contracts.glob(f"*{SUFFIX}"))

    def read(self, path: Path) -> Contract:
        """The contract in a file, whatever its suite. Raises: ContractError."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ContractError(f"{self.label(path)}: cannot be read as UTF-8 text ({type(error).__name__})") from None
        contract = read_contract(
            text, path=self.label(path), folder=str(path.resolve().parent), environment=self.environment or None
        )
        if path.resolve().parent == self.contracts.resolve() and path.name != f"{contract.id}{SUFFIX}":
            raise ContractError(f"{contract.path}: id: {contract.id!r} must be the file's name; rename one of them")
        return contract

    def locate(self, name: str) -> Path:
        """The file that an id or a path names; it may not exist."""
        own = self.contracts / f"{name}{SUFFIX}"
        return own if own.is_file() else Path(name)

    def label(self, path: Path) -> str:
        """How messages name a file: from the project's root where it is ours, else as it was given."""
        if path.resolve().parent != self.contracts.resolve():
            return str(path)
        return "/".join((*self.contracts.resolve().parts[-2:], path.name))

    def suite_path(self, contract: Contract) -> Path:
        """Where the contract's suite file is committed."""
        return self.expectations / contract.id / f"{contract.dataset}.json"

    def write_suite(self, path: Path) -> tuple[Path, bool]:
        """Compile a contract file; the suite file's path, and whether it changed. Raises: ContractError."""
        fresh = compiled(self.read(path))
        target = self.suite_path(fresh.contract)
        if target.is_file() and target.read_text(encoding="utf-8") == fresh.suite.document:
            return target, False
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(fresh.suite.document, encoding="utf-8")
        return target, True

    def _committed(self, contract: Contract) -> CompiledContract:
        path = self.suite_path(contract)
        document = path.read_text(encoding="utf-8") if path.is_file() else ""
        fresh = compiled(contract)
        if document != fresh.suite.document:
            state = "is not what the contract compiles to" if document else "does not exist"
            raise StaleSuite(f"{path}: {state}; run `gate compile`, review the change and commit it")
        return fresh.model_copy(update={"in_memory": False})

    def _known(self) -> str:
        names = [path.name.removesuffix(SUFFIX) for path in self.paths()]
        return f"the contracts here are {', '.join(names)}" if names else f"{self.contracts} is empty"
