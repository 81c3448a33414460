"""Lints a contract file with what surrounds it: the neighbouring contracts, and its kept versions."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from partition_gate.adapters.contract_folder import ContractFolder, FileContext
from partition_gate.adapters.promised_datasets import PromisedDatasets
from partition_gate.contract.model import Contract
from partition_gate.contract.recovery import RecoveryFunction
from partition_gate.contracts.compatibility.changes import ContractVersion
from partition_gate.contracts.compatibility.versions import VersionProblem, earlier_datasets, version_problems
from partition_gate.contracts.coverage.queries import WhyRefused
from partition_gate.contracts.lint.reading import examine
from partition_gate.contracts.lint.text import LintedFile
from partition_gate.contracts.lint.view import Known
from partition_gate.core.errors import ContractError
from partition_gate.core.finding import TOP, Finding, Level, errors_of
from partition_gate.core.nearest_words import did_you_mean


class ContractLinter:
    """Lints files of one folder; create it once per command, because the neighbouring contracts are read once.

    `why_refused` tests the contracts' queries. `recover` is the folder of their recovery functions.
    """

    def __init__(
        self, folder: ContractFolder, why_refused: WhyRefused | None = None, *, recover: Path | None = None
    ) -> None:
        self._folder, self._why_refused = folder, why_refused
        self._why_no_function = None if recover is None else partial(why_no_function, recover)
        self._promised: PromisedDatasets = folder.promised_datasets()

    def lint(self, path: Path, *, before: ContractVersion | None = None) -> tuple[LintedFile, ...]:
        """Lint a file and each version kept next to it; never raises for an invalid contract.

        `before` is the version approved last. Kept versions cannot be edited, so only their errors are reported.
        """
        folder = self._folder
        neighbours = self._promised.within(path.resolve().parent, folder.contracts.resolve())
        known = Known(name=folder.own_name(path), datasets=neighbours.datasets, why_refused=self._why_refused)
        known = known.model_copy(update={"why_no_function": self._why_no_function})
        newest = known.model_copy(update={"before": before, "claims": neighbours.claims})
        today, linted = self._linted(path, newest, folder.context(path))
        if today is None:
            return (linted,)
        same_id = known.model_copy(update={"name": today.id, "judged_in": today.environment})
        kept = folder.kept_paths(path, today.id)
        others = [self._linted(file, same_id, folder.context(file, current=path)) for file in kept]
        problems = _problems_of_versions([contract for contract, _ in others if contract], today)
        files = (linted, *(_with_errors_only(file) for _, file in others))
        return tuple(_with_problems(file, problems) for file in files)

    def _linted(self, path: Path, known: Known, context: FileContext) -> tuple[Contract | None, LintedFile]:
        label = self._folder.label(path)
        try:
            text = self._folder.text(path)
        except ContractError as error:
            what = str(error).removeprefix(f"{label}: ").removeprefix(f"{TOP}: ")
            unread = Finding(rule="yaml", level=Level.ERROR, place="", what=what)
            return None, LintedFile(path=label, contract=None, findings=(unread,))
        contract, findings = examine(text, known=known, parsed=self._promised.parsed(text), **context)
        name = f"{contract.id} {contract.version}" if contract else None
        return contract, LintedFile(path=label, contract=name, findings=findings)


def why_no_function(folder: Path, named: RecoveryFunction) -> str | None:
    """Why a recovery function cannot be found below a folder; None if it is there. Its file is not executed."""
    path = folder / named.file
    if not path.is_file() or folder.resolve() not in path.resolve().parents:
        return f"{named.file} is not in {folder}; add the file, or set GATE_RECOVER_FOLDER"
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        return f"{named.file} is not valid Python (line {getattr(error, 'lineno', None) or 1}); correct it"
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if named.function in functions:
        return None
    hint = did_you_mean(named.function, functions) or (f"it has {', '.join(functions)}" if functions else "add it")
    return f"{named.file} has no function {named.function}; {hint}"


def _problems_of_versions(kept: Sequence[Contract], today: Contract) -> list[VersionProblem]:
    earlier = earlier_datasets(kept, today)
    return [problem for dataset in today.datasets for problem in version_problems(earlier[dataset.name], dataset)]


def _with_problems(file: LintedFile, problems: Sequence[VersionProblem]) -> LintedFile:
    # The datasets of a contract share most problems of its versions.
    own = dict.fromkeys((problem.place, problem.what) for problem in problems if problem.file == file.path)
    findings = [Finding(rule="kept-versions", level=Level.ERROR, place=place, what=what) for place, what in own]
    return file.model_copy(update={"findings": (*file.findings, *findings)})


def _with_errors_only(file: LintedFile) -> LintedFile:
    return file.model_copy(update={"findings": errors_of(file.findings)})
