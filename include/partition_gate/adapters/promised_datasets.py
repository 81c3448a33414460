"""The datasets that the neighbouring contracts define: for the foreign keys that refer to them, and for their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from partition_gate.contracts.lint.view import View
from partition_gate.core.errors import ContractError
from partition_gate.core.names import dag_id, qualified_name
from partition_gate.core.strict_yaml.reading import Parsed, parse


class Promised(NamedTuple):
    """The columns of every dataset, by name; and the contracts with a dataset of a name (in lower case), or with a DAG
    of an id.
    """

    datasets: Mapping[str, frozenset[str]]
    claims: Mapping[str, tuple[str, ...]]


class PromisedDatasets:
    """The datasets of folders of contracts. Each folder is read once, so create an instance per command.

    `files` are the contract files of a folder, by name. A parsed document is cached until `parsed` returns it, so that
    linting does not parse the file again.
    """

    def __init__(self, files: Callable[[Path], Mapping[str, Path]], text: Callable[[Path], str]) -> None:
        self._files, self._text = files, text
        self._known: dict[tuple[Path, ...], Promised] = {}
        self._parsed: dict[str, Parsed] = {}

    def parsed(self, text: str) -> Parsed:
        """The result of `parse` for the text."""
        return self._parsed.pop(text, None) or parse(text)

    def within(self, *folders: Path) -> Promised:
        """The datasets of the contracts in the folders; a later folder overrides datasets of the same name."""
        folders = tuple(dict.fromkeys(folders))
        if folders not in self._known:
            single = len(folders) == 1
            parts = self._read(folders[0]) if single else [self.within(folder) for folder in folders]
            self._known[folders] = _merged(parts)
        return self._known[folders]

    def _read(self, folder: Path) -> list[Promised]:
        files = self._files(folder).items()
        return [promised for contract, path in files if (promised := self._promised(contract, path))]

    def _promised(self, contract: str, path: Path) -> Promised | None:
        try:
            text = self._text(path)
        except ContractError:
            return None  # linting this file reports the error
        document, _ = self._parsed[text] = parse(text)
        if document is None:
            return None  # as above
        view = View(document)
        columns = view.column_names
        run = {str(item.node.get("name")) for item in view.objects() if view.is_object_run(item)}
        names = {name: dag_id(qualified_name(contract, name, is_only=len(columns) == 1)) for name in run}
        claims = set() if view.is_retired else {*map(str.casefold, names), *names.values()}
        return Promised(columns, dict.fromkeys(claims, (contract,)))


def _merged(parts: Iterable[Promised]) -> Promised:
    datasets: dict[str, frozenset[str]] = {}
    claims: dict[str, dict[str, None]] = {}
    for part in parts:
        datasets.update(part.datasets)
        for name, contracts in part.claims.items():
            claims.setdefault(name, {}).update(dict.fromkeys(contracts))
    return Promised(datasets, {name: tuple(contracts) for name, contracts in claims.items()})
