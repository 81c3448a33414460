"""Contracts and their committed suites as files in a git checkout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

from partition_gate.adapters.promised_datasets import PromisedDatasets
from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contract.model import Contract, Dataset, Status
from partition_gate.contracts.compatibility.changes import ContractVersion
from partition_gate.contracts.compatibility.versions import VersionProblem, oldest_first, version_problems
from partition_gate.contracts.lint.reading import examine, read_linted
from partition_gate.contracts.lint.text import LintedFile
from partition_gate.contracts.lint.view import Known, WhyRefused
from partition_gate.core.errors import ContractError, StaleSuite, UnknownContract
from partition_gate.core.finding import TOP, Finding, Level, errors_of
from partition_gate.core.record import Record
from partition_gate.core.strict_yaml.reading import MAX_BYTES, decoded

SUFFIX = ".odcs.yaml"
HISTORY = "history"


class Catalogue(Record):
    """All contracts of the folder: the usable ones, and (file, problem) for each of the others."""

    contracts: tuple[CompiledDataset, ...]
    broken: tuple[tuple[str, str], ...]


class FileContext(TypedDict):
    """A file's name in messages, the base folder of its relative paths, and the environment that selects the server."""

    path: str
    folder: str
    environment: str | None


class ContractFolder:
    """`contracts/<id>.odcs.yaml` with `expectations/<id>/<schema>.json`; contracts elsewhere are compiled in memory.

    Next to each file, `history/<id>/<version>.odcs.yaml` keeps the earlier versions, with
    `expectations/<id>/<version>/<schema>.json`.
    """

    def __init__(self, contracts: Path, expectations: Path, *, environment: str = "") -> None:
        self.contracts, self.expectations, self.environment = contracts, expectations, environment

    def load(self, name: str) -> CompiledDataset:
        """The contract with this id, or in this file, with its earlier versions.

        Raises:
            UnknownContract: neither an id in the folder nor a file.
            ContractError: the contract or a kept version is invalid, or two versions conflict.
            StaleSuite: a committed suite differs from what its version compiles to.
        """
        path = self.locate(name)
        if not path.is_file():
            raise UnknownContract(
                f"{name!r} is not a contract: {self._available()}; or give the path of a contract file"
            )
        return self._load(path)

    def load_all(self) -> Catalogue:
        """Every contract of the folder; an invalid contract never hides the others."""
        usable, broken = [], []
        for path in self.paths():
            try:
                usable.append(self._load(path))
            except ContractError as error:
                broken.append((path.name, str(error)))
        return Catalogue(contracts=tuple(usable), broken=tuple(broken))

    def load_some(self, name: str | None) -> Catalogue:
        """The contract with this id (raises as `load` does), or all contracts; without retired ones."""
        has_file = bool(name) and (self.contracts / f"{name}{SUFFIX}").is_file()
        catalogue = Catalogue(contracts=(self.load(str(name)),), broken=()) if has_file else self.load_all()
        current = tuple(each for each in catalogue.contracts if each.contract.status is not Status.RETIRED)
        return catalogue.model_copy(update={"contracts": current})

    def paths(self) -> list[Path]:
        """The contract files, by name. Raises: UnknownContract (the folder does not exist)."""
        if not self.contracts.is_dir():
            raise UnknownContract(
                f"{self.contracts}: the folder does not exist; set GATE_CONTRACTS to the folder with the contracts"
            )
        return sorted(self.contracts.glob(f"*{SUFFIX}"))

    def read(self, path: Path) -> Contract:
        """The contract in a file; its suite is not checked. Raises: ContractError."""
        return read_linted(self.text(path), known=Known(name=self._own_name(path)), **self._context(path))

    def kept_path(self, path: Path, contract_id: str, version: str) -> Path:
        """The path of an earlier version of the contract in `path`."""
        return path.parent / HISTORY / quote(contract_id, safe="") / f"{quote(version, safe='')}{SUFFIX}"

    def kept_paths(self, path: Path, contract_id: str) -> list[Path]:
        """The files of the kept versions of the contract in `path`, by name."""
        return sorted(self.kept_path(path, contract_id, "").parent.glob(f"*{SUFFIX}"))

    def promised_datasets(self) -> PromisedDatasets:
        """The datasets that foreign keys may refer to; create it once per command."""
        return PromisedDatasets(lambda folder: sorted(folder.glob(f"*{SUFFIX}")), self.text)

    def lint(
        self,
        path: Path,
        *,
        promised: PromisedDatasets | None = None,
        before: ContractVersion | None = None,
        why_refused: WhyRefused | None = None,
    ) -> tuple[LintedFile, ...]:
        """Lint a file and each version kept next to it; never raises for an invalid contract.

        Foreign keys are looked up in `promised`, the datasets of the neighbouring contracts (read here if it is None).
        `before` is the version approved last; `why_refused` tests the contract's queries. Kept versions cannot be
        edited, so only their errors are reported.
        """
        promised = promised or self.promised_datasets()
        datasets = promised.within(path.resolve().parent, self.contracts.resolve())
        known = Known(name=self._own_name(path), datasets=datasets, why_refused=why_refused)
        context = self._context(path)
        newest = known.model_copy(update={"before": before})
        today, linted = self._linted(path, newest, context, promised)
        if today is None:
            return (linted,)
        same_id = known.model_copy(update={"name": today.id})
        others = [
            self._linted(kept, same_id, self._context(kept, current=path), promised)
            for kept in self.kept_paths(path, today.id)
        ]
        kept = oldest_first(contract.dataset for contract, _ in others if contract)
        problems = version_problems(kept, today.dataset)
        files = (linted, *(_with_errors_only(file) for _, file in others))
        return tuple(_with_problems(file, problems) for file in files)

    def text(self, path: Path) -> str:
        """The text of a contract file, read up to the maximum size of a contract. Raises: ContractError."""
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except OSError as error:
            problem = (error.strerror or type(error).__name__).lower()
            raise ContractError(
                f"{self.label(path)}: cannot be read ({problem}); give the path of a contract file"
            ) from None
        return decoded(raw, path=self.label(path))

    def locate(self, name: str) -> Path:
        """The file of an id or path; it may not exist."""
        own = self.contracts / f"{name}{SUFFIX}"
        return own if own.is_file() else Path(name)

    def label(self, path: Path) -> str:
        """A file's name in messages: relative to the project's root in the contracts folder, otherwise unchanged."""
        folder = self.contracts.resolve()
        if folder not in path.resolve().parents:
            return str(path)
        return "/".join((*folder.parts[-2:], *path.resolve().relative_to(folder).parts))

    def suite_path(self, dataset: Dataset, *, is_kept: bool = False) -> Path:
        """The path of the committed suite of the current version, or of a kept version."""
        folder = self.expectations / dataset.contract.id
        kept_folder = folder / quote(dataset.contract.version, safe="")
        return (kept_folder if is_kept else folder) / f"{dataset.name}.json"

    def write_suites(self, path: Path) -> list[tuple[Path, bool]]:
        """Compile a contract file and its kept versions; returns (suite file, changed). Raises: ContractError."""
        whole = self._compiled(path)
        kept = [
            _written(self.suite_path(version.dataset, is_kept=True), version.suite.document)
            for version in whole.earlier
        ]
        return [_written(self.suite_path(whole.dataset), whole.suite.document), *kept]

    def check_text(self, path: Path, text: str) -> CompiledDataset:
        """What a new text of a contract file would compile to; nothing is written. Raises: ContractError, as `load`."""
        known = Known(name=self._own_name(path))
        today = read_linted(text, known=known, **self._context(path)).dataset
        return compiled(today, self._earlier(path, today))

    def write_text(self, path: Path, text: str) -> list[Path]:
        """Replace a contract file and, in the contracts folder, its suite; returns the files.

        Either all are replaced or none: the text is checked first, the new files are complete before the first one is
        replaced, and an error brings back those that were.

        Raises:
            ContractError: the text is not a valid contract; nothing was written.
        """
        checked = self.check_text(path, text)
        documents = {path: text}
        if path.resolve().parent == self.contracts.resolve():
            documents[self.suite_path(checked.dataset)] = checked.suite.document
        _replace(documents)
        return list(documents)

    def _load(self, path: Path) -> CompiledDataset:
        whole = self._compiled(path)
        if path.resolve().parent != self.contracts.resolve():
            return whole
        earlier = tuple(self._committed(version, is_kept=True) for version in whole.earlier)
        return self._committed(whole).model_copy(update={"earlier": earlier})

    def _compiled(self, path: Path) -> CompiledDataset:
        today = self.read(path).dataset
        return compiled(today, self._earlier(path, today))

    def _earlier(self, path: Path, today: Dataset) -> tuple[Dataset, ...]:
        """The versions before the current one, oldest first."""
        known = Known(name=today.contract.id)
        kept = oldest_first(
            read_linted(self.text(file), known=known, **self._context(file, current=path)).dataset
            for file in self.kept_paths(path, today.contract.id)
        )
        if problems := version_problems(kept, today):
            raise ContractError("\n".join(f"{problem.file}: {problem.place}: {problem.what}" for problem in problems))
        return kept

    def _linted(
        self, path: Path, known: Known, context: FileContext, promised: PromisedDatasets
    ) -> tuple[Contract | None, LintedFile]:
        label = self.label(path)
        try:
            text = self.text(path)
        except ContractError as error:
            what = str(error).removeprefix(f"{label}: ").removeprefix(f"{TOP}: ")
            unread = Finding(rule="yaml", level=Level.ERROR, place="", what=what)
            return None, LintedFile(path=label, contract=None, findings=(unread,))
        contract, findings = examine(text, known=known, parsed=promised.parsed(text), **context)
        name = f"{contract.id} {contract.version}" if contract else None
        return contract, LintedFile(path=label, contract=name, findings=findings)

    def _committed(self, fresh: CompiledDataset, *, is_kept: bool = False) -> CompiledDataset:
        path = self.suite_path(fresh.dataset, is_kept=is_kept)
        document = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        if document != fresh.suite.document:
            state = "differs from what the contract compiles to" if document else "does not exist"
            raise StaleSuite(f"{path}: {state}; run `gate compile`, review the change and commit it")
        return fresh.model_copy(update={"in_memory": False})

    def _own_name(self, path: Path) -> str | None:
        is_own = path.resolve().parent == self.contracts.resolve()
        return path.name.removesuffix(SUFFIX) if is_own else None

    def _context(self, path: Path, *, current: Path | None = None) -> FileContext:
        """The context of a file. A kept version uses the folder of the `current` file, and any server will do."""
        folder = str((current or path).resolve().parent)
        return {"path": self.label(path), "folder": folder, "environment": (not current and self.environment) or None}

    def _available(self) -> str:
        names = [path.name.removesuffix(SUFFIX) for path in self.paths()]
        return f"the contracts here are {', '.join(names)}" if names else f"{self.contracts} is empty"


class CachedCatalogue:
    """The contracts of a folder for a process that lives long: read again only if a file of them changed."""

    def __init__(self, folder: ContractFolder) -> None:
        self._folder = folder
        self._read: tuple[object, Catalogue] | None = None

    def current(self) -> Catalogue:
        """All contracts. A folder that does not exist is a broken contract."""
        folder = self._folder
        try:
            paths = folder.paths()
        except UnknownContract as error:
            return Catalogue(contracts=(), broken=((str(folder.contracts), str(error)),))
        kept = folder.contracts.glob(f"{HISTORY}/*/*{SUFFIX}")
        files = [*paths, *sorted(kept), *sorted(folder.expectations.rglob("*.json"))]
        state = [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in files]
        if self._read is None or self._read[0] != state:
            self._read = (state, folder.load_all())
        return self._read[1]


def _written(path: Path, document: str) -> tuple[Path, bool]:
    if path.is_file() and path.read_text(encoding="utf-8") == document:
        return path, False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document, encoding="utf-8")
    return path, True


def _replace(documents: Mapping[Path, str]) -> None:
    before = {path: path.read_bytes() if path.is_file() else None for path in documents}
    drafts = {path: path.with_name(f".{path.name}.new") for path in documents}
    try:
        for path, draft in drafts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(documents[path].encode())
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError:
        for path, content in before.items():
            if content is not None and path.read_bytes() != content:
                path.write_bytes(content)
        raise
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _with_problems(file: LintedFile, problems: Sequence[VersionProblem]) -> LintedFile:
    findings = [
        Finding(rule="kept-versions", level=Level.ERROR, place=problem.place, what=problem.what)
        for problem in problems
        if problem.file == file.path
    ]
    return file.model_copy(update={"findings": (*file.findings, *findings)})


def _with_errors_only(file: LintedFile) -> LintedFile:
    return file.model_copy(update={"findings": errors_of(file.findings)})
