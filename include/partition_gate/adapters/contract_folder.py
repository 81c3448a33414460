"""Contracts and their committed suites as files in a git checkout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

from partition_gate.adapters.catalogue import Catalogue, FileDatasets, claim_of, without_clashes
from partition_gate.adapters.promised_datasets import PromisedDatasets
from partition_gate.checks.compiling.compiled import CompiledDataset, compiled
from partition_gate.contract.model import Contract, Dataset, Status
from partition_gate.contracts.compatibility.versions import earlier_datasets, version_problems
from partition_gate.contracts.lint.reading import read_linted
from partition_gate.contracts.lint.view import Known
from partition_gate.contracts.odcs.environments import environments_with_suites
from partition_gate.core.errors import ContractError, NotRunHere, StaleSuite, UnknownContract
from partition_gate.core.names import DAG_PREFIX, dag_id
from partition_gate.core.nearest_words import did_you_mean
from partition_gate.core.strict_yaml.reading import MAX_BYTES, decoded, load_mapping

SUFFIX = ".odcs.yaml"
HISTORY = "history"
Earlier = Mapping[str, Sequence[Dataset]]  # by the dataset's name, oldest first


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
        """The dataset with this name, with its earlier versions; `name` is as in `find`.

        Raises:
            UnknownContract: there is no such contract or dataset, or the contract has several and none is named.
            ContractError: the contract or a kept version is invalid, or two versions conflict.
            NotRunHere: the contract names no server with its Parquet files.
            StaleSuite: a committed suite differs from what its version compiles to.
        """
        path, dataset = self.find(name)
        contract = self.read(path)
        chosen = _named(contract, dataset, name)
        if chosen.not_run:
            what = "`gate lint`, `coverage`, `export` and `diff` work; to judge it, add a server with Parquet files"
            raise NotRunHere(f"{chosen.why_not_run}; {what}")
        return self._load(path, chosen, self._earlier(path, contract))

    def load_contract(self, name: str) -> tuple[CompiledDataset, ...]:
        """Every dataset of a contract, or the one that is named, also if it is not run here. Raises: as `load`."""
        path, dataset = self.find(name)
        contract = self.read(path)
        earlier = self._earlier(path, contract)
        chosen = contract.datasets if dataset is None else (_named(contract, dataset, name),)
        return tuple(self._load(path, each, earlier) for each in chosen)

    def load_run(self, name: str) -> tuple[CompiledDataset, ...]:
        """The datasets of `load_contract` that are run here. Raises: as `load`, if none is."""
        run = tuple(each for each in self.load_contract(name) if not each.dataset.not_run)
        return run or (self.load(name),)

    def load_all(self) -> Catalogue:
        """Every dataset of the folder; an invalid contract or a stale suite never hides the others."""
        found = without_clashes({path.name: self.load_file(path) for path in self.paths()}, claim_of)
        return Catalogue(contracts=found.datasets, broken=found.broken, not_run=found.not_run)

    def load_file(self, path: Path) -> FileDatasets[CompiledDataset]:
        """The datasets of one contract file; its errors are in `problems`, and none is raised."""
        try:
            contract = self.read(path)
            earlier = self._earlier(path, contract)
        except ContractError as error:
            return FileDatasets((), problems=(str(error),))
        usable, problems = [], []
        for dataset in (each for each in contract.datasets if not each.not_run):
            try:
                usable.append(self._load(path, dataset, earlier))
            except ContractError as error:
                problems.append(str(error))
        is_named = contract.status is not Status.RETIRED
        not_run = (dataset.why_not_run for dataset in contract.datasets if is_named and dataset.not_run)
        return FileDatasets(tuple(usable), tuple(not_run), tuple(problems))

    def load_current(self) -> Catalogue:
        """As `load_all`, without retired contracts."""
        catalogue = self.load_all()
        current = tuple(each for each in catalogue.contracts if each.contract.status is not Status.RETIRED)
        return catalogue.model_copy(update={"contracts": current})

    def find(self, name: str) -> tuple[Path, str | None]:
        """The contract file that a name means, and the dataset in it; None if the name is that of a contract.

        A name is `CONTRACT`, `CONTRACT/DATASET`, or the name of a dataset; a contract is an id or a path.

        Raises:
            UnknownContract: it is none of them.
        """
        path = self.locate(name)
        if path.is_file():
            return path, None
        contract, slash, dataset = name.rpartition("/")
        if slash and self.locate(contract).is_file():
            return self.locate(contract), dataset
        claims = self.promised_datasets().within(self.contracts.resolve()).claims
        owners = claims.get(name.casefold(), ())
        files = [file for owner in owners if (file := self.contracts / f"{owner}{SUFFIX}").is_file()]
        if len(files) == 1:
            return files[0], name
        what = f"claimed by {', '.join(owners)}; run: gate lint" if files else "not a contract or a dataset"
        near = (
            ""
            if files
            else did_you_mean(name, (*self._names(), *(each for each in claims if not each.startswith(DAG_PREFIX))))
        )
        raise UnknownContract(
            f"{name!r} is {what}: {near and f'{near} '}{self._available()}; or give the path of a contract file"
        )

    def paths(self) -> list[Path]:
        """The contract files, by name. Raises: UnknownContract (the folder does not exist)."""
        if not self.contracts.is_dir():
            raise UnknownContract(
                f"{self.contracts}: the folder does not exist; set GATE_CONTRACTS to the folder with the contracts, or "
                "run: gate new PROJECT"
            )
        return sorted(self.contracts.glob(f"*{SUFFIX}"))

    def read(self, path: Path) -> Contract:
        """The contract in a file; its suite is not checked. Raises: ContractError."""
        return read_linted(self.text(path), known=Known(name=self.own_name(path)), **self.context(path))

    def kept_path(self, path: Path, contract_id: str, version: str) -> Path:
        """The path of an earlier version of the contract in `path`."""
        return path.parent / HISTORY / quote(contract_id, safe="") / f"{quote(version, safe='')}{SUFFIX}"

    def kept_paths(self, path: Path, contract_id: str) -> list[Path]:
        """The files of the kept versions of the contract in `path`, by name."""
        return sorted(self.kept_path(path, contract_id, "").parent.glob(f"*{SUFFIX}"))

    def promised_datasets(self) -> PromisedDatasets:
        """The datasets of the contracts in a folder, by name; create it once per command."""
        return PromisedDatasets(_files_of, self.text)

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
        """The path of the committed suite of the current version, or of a kept version.

        An environment in which the dataset is not as in the others has a suite of its own: `orders@serving.json`.
        """
        folder = self.expectations / dataset.contract.id
        kept_folder = folder / quote(dataset.contract.version, safe="")
        place = f"@{quote(dataset.environment, safe='')}" if dataset.has_own_suite else ""
        return (kept_folder if is_kept else folder) / f"{dataset.name}{place}.json"

    def write_suites(self, path: Path) -> list[tuple[Path, bool]]:
        """Compile a contract file and its kept versions; returns (suite file, changed). Raises: ContractError."""
        return [_written(target, text) for target, text in self._suites(path, self.text(path)).items()]

    def check_text(self, path: Path, text: str) -> tuple[CompiledDataset, ...]:
        """What a new text of a contract file would compile to; nothing is written. Raises: ContractError, as `load`."""
        return self._checked(path, text, self.context(path))

    def write_text(self, path: Path, text: str) -> list[Path]:
        """Replace a contract file and, in the contracts folder, its suites; returns the files.

        Either all are replaced or none: the text is checked first, the new files are complete before the first one is
        replaced, and an error brings back those that were.

        Raises:
            ContractError: the text is not a valid contract; nothing was written.
        """
        suites = self._suites(path, text)
        is_own = path.resolve().parent == self.contracts.resolve()
        documents = {path: text, **(suites if is_own else {})}
        _replace(documents)
        return list(documents)

    def _checked(self, path: Path, text: str, context: FileContext) -> tuple[CompiledDataset, ...]:
        contract = read_linted(text, known=Known(name=self.own_name(path)), **context)
        earlier = self._earlier(path, contract)
        return tuple(_compiled(dataset, earlier) for dataset in contract.datasets)

    def _suites(self, path: Path, text: str) -> dict[Path, str]:
        """The suites of a contract file with this text, by path: of its environment here, and then of each other one,
        if something differs between them. Raises: ContractError.
        """
        compiled_here = list(self._checked(path, text, self.context(path)))
        for environment in environments_with_suites(load_mapping(text, path=self.label(path))):
            # An environment without a server for each object is refused where it is used, not here.
            with suppress(ContractError):
                compiled_here += self._checked(path, text, {**self.context(path), "environment": environment})
        documents: dict[Path, str] = {}
        for whole in (each for each in compiled_here if not each.dataset.not_run):
            documents.setdefault(self.suite_path(whole.dataset), whole.suite.document)
            for version in whole.earlier:
                documents.setdefault(self.suite_path(version.dataset, is_kept=True), version.suite.document)
        return documents

    def _load(self, path: Path, dataset: Dataset, earlier: Earlier) -> CompiledDataset:
        whole = _compiled(dataset, earlier)
        if dataset.not_run or path.resolve().parent != self.contracts.resolve():
            return whole
        committed = tuple(self._committed(version, is_kept=True) for version in whole.earlier)
        return self._committed(whole).model_copy(update={"earlier": committed})

    def _earlier(self, path: Path, contract: Contract) -> Earlier:
        """The kept versions of each dataset. Raises: ContractError."""
        known = Known(name=contract.id, judged_in=contract.environment)
        kept = (
            read_linted(self.text(file), known=known, **self.context(file, current=path))
            for file in self.kept_paths(path, contract.id)
        )
        return earlier_datasets(kept, contract)

    def of_dag(self, dag: str) -> CompiledDataset | None:
        """The dataset with this DAG, or None; only its contract is read. Both parts of a name may contain `__`."""
        name = dag.removeprefix(DAG_PREFIX)
        splits = [i for i in range(len(name)) if name.startswith("__", i)]
        for contract, dataset in ((name, ""), *((name[:i], name[i + 2 :]) for i in reversed(splits))):
            path = self.contracts / f"{contract}{SUFFIX}"
            if not path.is_file():
                continue
            read = self.read(path)
            for each in (found for found in read.datasets if not found.not_run):
                if dag_id(each.qualified_name) == dag and (not dataset or each.name == dataset):
                    return self._load(path, each, self._earlier(path, read))
        return None

    def _committed(self, fresh: CompiledDataset, *, is_kept: bool = False) -> CompiledDataset:
        path = self.suite_path(fresh.dataset, is_kept=is_kept)
        document = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        if document != fresh.suite.document:
            state = "differs from what the contract compiles to" if document else "does not exist"
            raise StaleSuite(f"{path}: {state}; run `gate compile`, review the change and commit it")
        return fresh.model_copy(update={"in_memory": False})

    def own_name(self, path: Path) -> str | None:
        """The name that a contract's id must have: that of its file in the contracts folder; elsewhere None."""
        is_own = path.resolve().parent == self.contracts.resolve()
        return path.name.removesuffix(SUFFIX) if is_own else None

    def context(self, path: Path, *, current: Path | None = None) -> FileContext:
        """The context of a file. A kept version uses the folder of the `current` file, and any server will do."""
        folder = str((current or path).resolve().parent)
        return {"path": self.label(path), "folder": folder, "environment": (not current and self.environment) or None}

    def _available(self) -> str:
        names = self._names()
        return f"the contracts here are {', '.join(names)}" if names else f"{self.contracts} is empty"

    def _names(self) -> list[str]:
        return [path.name.removesuffix(SUFFIX) for path in self.paths()]


def _files_of(folder: Path) -> dict[str, Path]:
    return {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}"))}


def _named(contract: Contract, dataset: str | None, name: str) -> Dataset:
    """The dataset with this name, or the only one. Raises: UnknownContract."""
    datasets = {each.name: each for each in contract.datasets}
    if dataset is None and len(datasets) == 1:
        return contract.datasets[0]
    if dataset in datasets:
        return datasets[dataset]
    if not datasets:
        raise UnknownContract(f"{name!r} has no schema objects; add one for each table")
    if dataset is None:
        choices = ", ".join(f"{name}/{each}" for each in datasets)
        raise UnknownContract(f"{name!r} has {len(datasets)} schema objects; name one of them: {choices}")
    hint = did_you_mean(dataset, datasets) or f"its schema objects are {', '.join(datasets)}"
    raise UnknownContract(f"{name!r}: the contract {contract.id} has no schema object {dataset!r}; {hint}")


def _compiled(dataset: Dataset, earlier: Earlier) -> CompiledDataset:
    """A dataset with its earlier versions. Raises: ContractError, if they conflict."""
    versions = earlier[dataset.name]
    if problems := version_problems(versions, dataset):
        raise ContractError("\n".join(f"{problem.file}: {problem.place}: {problem.what}" for problem in problems))
    return compiled(dataset, versions)


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
