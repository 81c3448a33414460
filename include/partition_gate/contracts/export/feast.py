"""Exports feature tables as the Python file of a Feast feature repository. Source: Feast 0.67, "Feature repository".

The standard has no clauses for features, so an object says it in custom properties: `entityKey` (the columns that
identify whom a row is about), `eventTime` (the column that says when the features were true), `features` (by default
all other columns that Feast has a type for and that are not classified) and `featureTtl` (how long a value is used).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from open_data_contract_standard.model import SchemaObject
from pydantic import AwareDatetime

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.limits import ENTITY_KEY, EVENT_TIME, FEATURE_TTL, FEATURES
from partition_gate.core.errors import ContractError
from partition_gate.core.nearest_words import did_you_mean, shown
from partition_gate.core.record import Record
from partition_gate.core.table import TableColumn
from partition_gate.core.units import duration

STORE_FILE, FEATURES_FILE, DATA_FOLDER = "feature_store.yaml", "features.py", "data"
# The type of the published column -> the type of Feast with all of its values.
_TYPES = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER"), "Int32"),
    "BIGINT": "Int64",
    "FLOAT": "Float32",
    "DOUBLE": "Float64",
    "BOOLEAN": "Bool",
    "VARCHAR": "String",
    "BLOB": "Bytes",
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), "UnixTimestamp"),
}
_TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
_KEYS = {"Int32": "INT32", "Int64": "INT64", "String": "STRING"}


class FeatureTable(Record):
    """A dataset as Feast sees it. `left_out` has (column, why) for each column that is no feature by default.

    `ttl` is how long before a moment a value may have been true to be used for it; None: any time.
    """

    name: str
    description: str
    contract: str
    owner: str
    entity_key: tuple[TableColumn, ...]
    event_time: TableColumn
    features: tuple[TableColumn, ...]
    left_out: tuple[tuple[str, str], ...]
    ttl: timedelta | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that Feast reads."""
        return tuple(column.name for column in (*self.entity_key, self.event_time, *self.features))


class HandedOff(Record):
    """A feature table with the moment (exclusive) until which every partition that was due is published."""

    table: FeatureTable
    safe_through: AwareDatetime


def has_features(schema: SchemaObject) -> bool:
    """Whether the object says whom its rows are about, and so is a feature table."""
    return ENTITY_KEY in _custom(schema)


def feature_table(compiled: CompiledDataset, schema: SchemaObject) -> FeatureTable:
    """The feature table that an object describes.

    Raises:
        ContractError: a custom property is missing, or names a column that is not published or that Feast cannot have.
    """
    reader = _Reader(compiled, _custom(schema))
    keys, event_time = reader.entity_key(), reader.event_time()
    taken = {*(key.name for key in keys), event_time.name}
    chosen, left_out = reader.features(taken)
    if not chosen:
        raise reader.refusal(FEATURES, "no column is a feature; name one beside the key and the event time")
    contract = compiled.contract
    return FeatureTable(
        name=compiled.dataset.name,
        description=compiled.dataset.description,
        contract=f"{contract.id} {contract.version}",
        owner=contract.team.owner,
        entity_key=keys,
        event_time=event_time,
        features=chosen,
        left_out=left_out,
        ttl=reader.ttl(),
    )


def feature_repository(tables: Sequence[HandedOff], *, project: str) -> dict[str, str]:
    """The text of each file of the repository, by its path: the store (local, without a server) and the features."""
    store = (
        f"project: {_python_name(project)}\n"
        "provider: local\n"
        f"registry: {DATA_FOLDER}/registry.db\n"
        f"online_store: {{type: sqlite, path: {DATA_FOLDER}/online_store.db}}\n"
        "offline_store: {type: file}\n"
        "entity_key_serialization_version: 3\n"
    )
    return {STORE_FILE: store, FEATURES_FILE: "\n".join(_features_file(tables)) + "\n"}


def data_path(table: FeatureTable) -> str:
    """The file with the rows of a table, below the repository."""
    return f"{DATA_FOLDER}/{table.name}.parquet"


class _Reader:
    """The custom properties of one object, with the columns that they may name."""

    def __init__(self, compiled: CompiledDataset, custom: dict[str, Any]) -> None:
        self.compiled, self.custom = compiled, custom
        self.columns = {each.name: each for each in compiled.published.columns}

    def refusal(self, name: str, what: str) -> ContractError:
        dataset = self.compiled.dataset
        return ContractError(f"{dataset.contract.path}: {dataset.name}: customProperties.{name}: {what}")

    def names(self, name: str) -> list[str]:
        """The column, or the list of columns, that a custom property names."""
        value = self.custom.get(name)
        given = [str(each) for each in value] if isinstance(value, list) else [value] if isinstance(value, str) else []
        if not given:
            example = f"{{property: {name}, value: {next(iter(self.columns), 'a_column')}}}"
            raise self.refusal(name, f"names no column, and a feature table needs it; write such as {example}")
        return given

    def column(self, name: str, custom: str) -> TableColumn:
        if name not in self.columns:
            hint = did_you_mean(name, self.columns) or f"its columns are {', '.join(self.columns)}"
            raise self.refusal(custom, f"{shown(name)} is not a column that is published; {hint}")
        return self.columns[name]

    def entity_key(self) -> tuple[TableColumn, ...]:
        keys = tuple(self.column(name, ENTITY_KEY) for name in self.names(ENTITY_KEY))
        for key in keys:
            if _feast_type(key.type) not in _KEYS:
                raise self.refusal(
                    ENTITY_KEY, f"{shown(key.name)} is of type {key.type}; a key is a whole number or text"
                )
        return keys

    def event_time(self) -> TableColumn:
        (name, *more) = self.names(EVENT_TIME)
        event_time = self.column(name, EVENT_TIME)
        if more or event_time.type not in _TIMES:
            raise self.refusal(
                EVENT_TIME, f"{shown(name)} is not one timestamp; name a column of logicalType timestamp"
            )
        return event_time

    def features(self, taken: set[str]) -> tuple[tuple[TableColumn, ...], tuple[tuple[str, str], ...]]:
        """The columns that are named; without names, all that may be features, and why the others may not."""
        if FEATURES in self.custom:
            named = [self.column(name, FEATURES) for name in self.names(FEATURES) if name not in taken]
            for each in named:
                if _feast_type(each.type) is None:
                    raise self.refusal(
                        FEATURES, f"{shown(each.name)} is of type {each.type}, which Feast lacks; remove it"
                    )
            return tuple(named), ()
        others = [each for each in self.columns.values() if each.name not in taken]
        why = {each.name: reason for each in others if (reason := self._why_not(each))}
        return tuple(each for each in others if each.name not in why), tuple(why.items())

    def _why_not(self, column: TableColumn) -> str | None:
        if column.name in self.compiled.hidden_columns:
            return f"classified; name it in `{FEATURES}` if models may use it"
        return None if _feast_type(column.type) else f"Feast has no type for {column.type}"

    def ttl(self) -> timedelta | None:
        value = self.custom.get(FEATURE_TTL)
        span = None if value is None else duration(value)
        if value is not None and not span:
            raise self.refusal(FEATURE_TTL, f"{shown(value)} is not a time; write one such as 30d or PT12H")
        return span


def _custom(schema: SchemaObject) -> dict[str, Any]:
    return {str(each.property): each.value for each in schema.customProperties or []}


def _feast_type(stored: str) -> str | None:
    inner = _TYPES.get(stored.removesuffix("[]"))
    return f"Array({inner})" if inner and stored.endswith("[]") else inner


def _features_file(tables: Sequence[HandedOff]) -> Iterator[str]:
    views = [line for each in tables for line in ("", *_view(each))]
    used = sorted({kind for each in tables for kind in _used_types(each.table)})
    yield '"""Generated by `gate export --to feast`: edit the contract, and export again for newer data."""'
    yield from ("", "from datetime import datetime, timedelta", "")
    yield "from feast import Entity, FeatureView, Field, FileSource"
    yield f"from feast.types import {', '.join(used)}"
    yield from ("from feast.value_type import ValueType", "")
    yield "# Until then (exclusive) every partition that was due is published; the files below have no later event."
    yield "SAFE_THROUGH = {"
    yield from (
        f"    {_text(each.table.name)}: datetime.fromisoformat({_text(_moment(each.safe_through))})," for each in tables
    )
    yield from ("}", "", *_entities(tables), *views)


def _entities(tables: Sequence[HandedOff]) -> Iterator[str]:
    """Each entity once: several tables may be about the same."""
    keys = {key.name: key for each in tables for key in each.table.entity_key}
    for key in keys.values():
        kind = _KEYS[str(_feast_type(key.type))]
        yield f"{_entity(key)} = Entity("
        yield f"    name={_text(key.name)},"
        yield f"    join_keys=[{_text(key.name)}],"
        yield f"    value_type=ValueType.{kind},"
        yield f"    description={_text(_one_line(key.description))},"
        yield ")"


def _view(handed_off: HandedOff) -> Iterator[str]:
    table = handed_off.table
    seconds = table.ttl.total_seconds() if table.ttl else 0
    yield from (f"# Not a feature: {_one_line(name)} ({why})." for name, why in table.left_out)
    yield f"{_python_name(table.name)}_view = FeatureView("
    yield f"    name={_text(table.name)},"
    yield f"    description={_text(_one_line(table.description))},"
    yield f"    owner={_text(table.owner)},"
    yield f"    entities=[{', '.join(map(_entity, table.entity_key))}],"
    yield f"    ttl=timedelta(seconds={seconds:g}),{'' if seconds else '  # 0: a value may be of any age'}"
    yield "    schema=["
    yield from (_field(each) for each in table.features)
    yield "    ],"
    yield "    source=FileSource("
    yield f"        name={_text(f'{table.name}_published')},"
    yield f"        path={_text(data_path(table))},"
    yield f"        timestamp_field={_text(table.event_time.name)},"
    yield "    ),"
    yield "    tags={"
    yield f'        "contract": {_text(table.contract)},'
    yield f'        "safe_through": {_text(_moment(handed_off.safe_through))},'
    yield "    },"
    yield ")"


def _field(column: TableColumn) -> str:
    described = f", description={_text(_one_line(column.description))}" if column.description else ""
    return f"        Field(name={_text(column.name)}, dtype={_feast_type(column.type)}{described}),"


def _used_types(table: FeatureTable) -> Iterable[str]:
    kinds = (str(_feast_type(each.type)) for each in table.features)
    return (word for kind in kinds for word in re.findall(r"\w+", kind))


def _entity(column: TableColumn) -> str:
    return f"{_python_name(column.name)}_entity"


def _text(text: str) -> str:
    """The text as a literal: what is a string in JSON is one in Python."""
    return json.dumps(text, ensure_ascii=False)


def _python_name(name: str) -> str:
    text = re.sub(r"\W", "_", name)
    return text if text.isidentifier() else f"_{text}"


def _moment(moment: datetime) -> str:
    return moment.isoformat()


def _one_line(text: str) -> str:
    return " ".join(text.split())
