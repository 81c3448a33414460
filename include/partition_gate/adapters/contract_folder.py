"""Contracts and their committed suites as files in a git checkout."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from partition_gate.compatibility.changes import ContractVersion
from partition_gate.compiling.compiled import CompiledContract, compiled
from partition_gate.contract.model import Contract, Status
from partition_gate.errors import ContractError, StaleSuite, UnknownContract
from partition_gate.finding import TOP, Finding, Level
from partition_gate.lint.reading import examine, read_linted
from partition_gate.lint.text import LintedFile
from partition_gate.lint.view import Known, View, WhyRefused
from partition_gate.record import Record
from partition_gate.strict_yaml.reading import MAX_BYTES, decoded, load_document

SUFFIX = ".odcs.yaml"


class Catalogue(Record):
    """All contracts of the folder: those that can be used, and (file, problem) of those that cannot."""

    contracts: tuple[CompiledContract, ...]
    broken: tuple[tuple[str, str], ...]


class Surroundings(TypedDict):
    """How a file is named in messages, where its relative paths start, and which server is used."""

    path: str
    folder: str
    environment: str | None


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
        return read_linted(self.text(path), known=Known(name=self._own_name(path)), **self._surroundings(path))

    def lint(
        self, path: Path, *, before: ContractVersion | None = None, why_refused: WhyRefused | None = None
    ) -> LintedFile:
        """What is to be said about a file, whatever is wrong with it; foreign keys are looked up in its neighbours.

        `before` is the version that was approved last; `why_refused` tries the contract's queries.
        """
        label = self.label(path)
        try:
            text = self.text(path)
        except ContractError as error:
            what = str(error).removeprefix(f"{label}: ").removeprefix(f"{TOP}: ")
            unread = Finding(rule="yaml", level=Level.ERROR, place="", what=what)
            return LintedFile(path=label, contract=None, findings=(unread,))
        known = Known(name=self._own_name(path), datasets=self._datasets(path), before=before, why_refused=why_refused)
        contract, findings = examine(text, known=known, **self._surroundings(path))
        name = f"{contract.id} {contract.version}" if contract else None
        return LintedFile(path=label, contract=name, findings=findings)

    def text(self, path: Path) -> str:
        """The text of a contract file, of which no more than a contract can have is read. Raises: ContractError."""
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except OSError as error:
            problem = (error.strerror or type(error).__name__).lower()
            raise ContractError(f"{self.label(path)}: cannot be read: {problem}; name a contract file") from None
        return decoded(raw, path=self.label(path))

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

    def _own_name(self, path: Path) -> str | None:
        is_own = path.resolve().parent == self.contracts.resolve()
        return path.name.removesuffix(SUFFIX) if is_own else None

    def _surroundings(self, path: Path) -> Surroundings:
        folder = str(path.resolve().parent)
        return {"path": self.label(path), "folder": folder, "environment": self.environment or None}

    def _datasets(self, path: Path) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        folders = dict.fromkeys((path.resolve().parent, self.contracts.resolve()))
        for neighbour in (file for folder in folders for file in sorted(folder.glob(f"*{SUFFIX}"))):
            found |= self._promised(neighbour)
        return found

    def _promised(self, path: Path) -> dict[str, frozenset[str]]:
        try:
            view = View(load_document(self.text(path), path=""))
        except ContractError:
            return {}  # its own finding says why
        return {str(item.node.get("name")): view.column_names for item in view.objects()}

    def _known(self) -> str:
        names = [path.name.removesuffix(SUFFIX) for path in self.paths()]
        return f"the contracts here are {', '.join(names)}" if names else f"{self.contracts} is empty"
