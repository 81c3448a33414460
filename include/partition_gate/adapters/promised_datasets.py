"""The datasets that the neighbouring contracts define, for the foreign keys that refer to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from partition_gate.contracts.lint.view import View
from partition_gate.core.errors import ContractError
from partition_gate.core.strict_yaml.reading import Parsed, parse

Columns = Mapping[str, frozenset[str]]


class PromisedDatasets:
    """The columns of every dataset, by name. Each folder is read once, so create an instance per command.

    A parsed document is cached until `parsed` returns it, so that linting does not parse the file again.
    """

    def __init__(self, files: Callable[[Path], list[Path]], text: Callable[[Path], str]) -> None:
        self._files, self._text = files, text
        self._known: dict[tuple[Path, ...], Columns] = {}
        self._parsed: dict[str, Parsed] = {}

    def parsed(self, text: str) -> Parsed:
        """The result of `parse` for the text."""
        return self._parsed.pop(text, None) or parse(text)

    def within(self, *folders: Path) -> Columns:
        """The datasets of the contracts in the folders; a later folder overrides datasets of the same name."""
        folders = tuple(dict.fromkeys(folders))
        if folders not in self._known:
            single = len(folders) == 1
            parts = [self._read(folders[0])] if single else [self.within(folder) for folder in folders]
            self._known[folders] = {name: columns for part in parts for name, columns in part.items()}
        return self._known[folders]

    def _read(self, folder: Path) -> Columns:
        promised: dict[str, frozenset[str]] = {}
        for path in self._files(folder):
            promised |= self._promised(path)
        return promised

    def _promised(self, path: Path) -> dict[str, frozenset[str]]:
        try:
            text = self._text(path)
        except ContractError:
            return {}  # linting this file reports the error
        document, _ = self._parsed[text] = parse(text)
        if document is None:
            return {}  # as above
        view = View(document)
        return {str(item.node.get("name")): view.column_names for item in view.objects()}
