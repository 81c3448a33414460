"""What of a contract differs by environment: columns, rules and service levels that are not in it, and severities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from partition_gate.contract.model import (
    Column,
    CompoundForeignKey,
    Dataset,
    ForeignKey,
    QualityRule,
    Sla,
    UnreadClause,
)
from partition_gate.contracts.odcs.servers import is_readable
from partition_gate.core.record import Record
from partition_gate.core.severity import Severity
from partition_gate.core.strict_yaml.reading import dotted

# The custom property whose value lists the environments in which a part of the contract is absent. Source: the schema
# environments of TensorFlow Data Validation (`not_in_environment` of a feature).
NOT_IN_ENVIRONMENT = "notInEnvironment"
# The custom property whose value maps environments to the severity of a rule, a relationship or a service level there.
SEVERITY_IN = "severityIn"
_DIFFERING_PARTS = frozenset({"properties", "quality", "relationships", "slaProperties"})
DIFFERING = (NOT_IN_ENVIRONMENT, SEVERITY_IN)
_Part = TypeVar("_Part", Column, ForeignKey, CompoundForeignKey, Sla, QualityRule)


class Differences(Record):
    """How the contract differs in one environment: `absent` are the places of parts that are not in it, `severities`
    those of parts with another severity.
    """

    environment: str = ""
    absent: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = {}

    def is_absent(self, place: str) -> bool:
        """Whether a part of the contract, or what it belongs to, is not in the environment."""
        return any(each in self.absent for each in _with_parents(place))


def environment_of(server: Mapping[str, Any]) -> str:
    """The name of a server's environment: its `environment`, else its own name."""
    return str(server.get("environment") or server.get("server") or "")


def excluded_environments(value: object) -> tuple[str, ...]:
    """The environments that a value of `notInEnvironment` names: a list of names, or one name."""
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def differences(document: Mapping[str, Any], environment: str) -> Differences:
    """How the contract in a document differs in an environment."""
    absent: set[str] = set()
    severities: dict[str, Severity] = {}
    for place, name, value in _settings(document, ()):
        if name == NOT_IN_ENVIRONMENT and environment in excluded_environments(value):
            absent.add(place)
        elif name == SEVERITY_IN and isinstance(value, Mapping):
            word = str(value.get(environment)).lower()
            severities |= {place: Severity(word)} if word in set(Severity) else {}
    return Differences(environment=environment, absent=frozenset(absent), severities=severities)


def environments_with_suites(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The environments of the readable servers, if something differs between environments; otherwise none."""
    if not any(True for _ in _settings(document, ())):
        return ()
    servers = document.get("servers") or []
    return tuple(dict.fromkeys(environment_of(server) for server in servers if is_readable(server)))


def in_environment(dataset: Dataset, differing: Differences) -> Dataset:
    """The dataset as it is in the environment. Parts that are absent become `elsewhere`, with the reason."""
    columns = _present(dataset.columns, differing)
    names = {column.name for column in columns}
    keys = (key for key in _present(dataset.foreign_keys, differing) if key.column in names)
    compound = (key for key in _present(dataset.compound_foreign_keys, differing) if names.issuperset(key.columns))
    own = [place for place in sorted(differing.absent) if _belongs(place, dataset)]
    changed = any(_belongs(place, dataset) for place in differing.severities)
    return dataset.model_copy(
        update={
            "columns": columns,
            "foreign_keys": tuple(_with_severity(key, differing) for key in keys),
            "compound_foreign_keys": tuple(_with_severity(key, differing) for key in compound),
            "rules": tuple(_with_severity(rule, differing) for rule in _present(dataset.rules, differing)),
            "slas": tuple(_with_severity(sla, differing) for sla in dataset.slas),
            "environment": differing.environment,
            "has_own_suite": bool(own) or changed,
            "elsewhere": tuple(UnreadClause(path=place, why=_why(differing)) for place in own),
        }
    )


def _why(differing: Differences) -> str:
    return f"not in the environment {differing.environment}"


def _belongs(place: str, dataset: Dataset) -> bool:
    """Whether a place is in the dataset's object. A service level counts for every object of its contract."""
    return place.startswith((f"{dataset.path}.", "slaProperties["))


def _present(parts: tuple[_Part, ...], differing: Differences) -> tuple[_Part, ...]:
    return tuple(part for part in parts if not differing.is_absent(part.path))


def _with_severity(part: _Part, differing: Differences) -> _Part:
    severity = differing.severities.get(part.path)
    return part if severity is None else part.model_copy(update={"severity": severity})


def _with_parents(place: str) -> Iterator[str]:
    """`a.b[0].c`, then each part that contains it: `a.b[0]`, `a`."""
    while place:
        yield place
        place, _, _ = place.rpartition(".")


def _settings(value: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str, str, Any]]:
    """(place, name, value) of each custom property about environments; the place is that of the part which has it."""
    if isinstance(value, list):
        for i, child in enumerate(value):
            yield from _settings(child, (*place, i))
    elif isinstance(value, Mapping):
        for custom in _custom(value) if _may_differ(place) else ():
            if custom.get("property") in DIFFERING:
                yield dotted(place), str(custom["property"]), custom.get("value")
        for key, child in value.items():
            yield from _settings(child, (*place, key))


def _may_differ(place: tuple[str | int, ...]) -> bool:
    return len(place) > 1 and place[-2] in _DIFFERING_PARTS


def _custom(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    custom = node.get("customProperties")
    return [entry for entry in custom if isinstance(entry, Mapping)] if isinstance(custom, list) else []
