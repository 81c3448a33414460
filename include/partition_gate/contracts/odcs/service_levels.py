"""Reads service levels, and assigns each to the schema objects that it holds for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from open_data_contract_standard.model import OpenDataContractStandard, ServiceLevelAgreementProperty

from partition_gate.contract.model import Sla, UnreadClause
from partition_gate.contract.sla_names import canonical
from partition_gate.contracts.odcs.columns import scalar, severity_of
from partition_gate.contracts.odcs.draft_texts import stated
from partition_gate.contracts.odcs.object_names import SCHEMA, element_parts
from partition_gate.core.nearest_words import shown


def read_slas(
    odcs: OpenDataContractStandard, columns: Mapping[str, Set[str]], absent: Mapping[str, Set[str]] | None = None
) -> dict[str, tuple[Sla, ...]]:
    """The service levels of each object, in the file's order; `columns` are the columns of each object, by name.

    `absent` are the places of service levels that are not in the environment of an object, by its name.

    A service level holds for the objects of its `element`, or for the object of its custom property `schema`; without
    both, for every object, except those with a service level of their own for the same property.

    A service level whose element names no column and no object of a contract with several holds for none:
    `without_holder` has its clause.
    """
    found: dict[str, list[tuple[Sla, bool]]] = {name: [] for name in columns}
    for i, sla in enumerate(odcs.slaProperties or []):
        read = _sla(sla, f"slaProperties[{i}]")
        for name, element, is_shared in _holders(sla, odcs.slaDefaultElement, columns):
            if read.path not in (absent or {}).get(name, ()):
                found[name].append((read.model_copy(update={"element": element}), is_shared))
    return {name: tuple(_without_replaced(slas)) for name, slas in found.items()}


def without_holder(odcs: OpenDataContractStandard, columns: Mapping[str, Set[str]]) -> tuple[UnreadClause, ...]:
    """The service levels that hold for no object of the contract, because nothing has the name of their element."""
    return tuple(
        UnreadClause(
            path=f"slaProperties[{i}]", why=f"element {shown(element)} is not a column or an object; correct it"
        )
        for i, sla in enumerate(odcs.slaProperties or [])
        if (element := sla.element or odcs.slaDefaultElement) and columns
        if not any(True for _ in _holders(sla, odcs.slaDefaultElement, columns))
    )


def _sla(sla: ServiceLevelAgreementProperty, place: str) -> Sla:
    return Sla(
        path=place,
        property=(canonical(sla.property) or str(sla.property)).lower(),
        value="" if sla.value is None else scalar(sla.value),
        value_ext=None if sla.valueExt is None else scalar(sla.valueExt),
        unit=sla.unit,
        schedule=sla.schedule,
        severity=severity_of(sla.customProperties),
        description=stated(sla.description),
    )


def _holders(
    sla: ServiceLevelAgreementProperty, default: str | None, columns: Mapping[str, Set[str]]
) -> Iterator[tuple[str, str | None, bool]]:
    """(object, its part of the element, whether the level holds for every object alike)."""
    element = sla.element or default
    if len(columns) == 1:
        yield next(iter(columns)), element, False
        return
    named = next((str(each.value) for each in sla.customProperties or [] if each.property == SCHEMA), None)
    own: dict[str, list[str]] = {}
    for part, owners in element_parts(element, columns) if element else ():
        for name in owners:
            own.setdefault(name, []).append(part)
    is_shared = named is None and not element
    for name in columns if is_shared else own if named is None else columns.keys() & {named}:
        yield name, ", ".join(part for part in own.get(name, ()) if part != name) or None, is_shared


def _without_replaced(slas: list[tuple[Sla, bool]]) -> Iterator[Sla]:
    """The service levels without those for every object that the object has a level of its own for."""
    own = {sla.property for sla, is_shared in slas if not is_shared and sla.element is None}
    yield from (sla for sla, is_shared in slas if not is_shared or sla.property not in own)
