"""Finds the differences between two versions of a contract: pairs their nodes, then compares the terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from partition_gate.contracts.compatibility.terms import Node, Value
from partition_gate.core.record import Record, canonical_json


class Difference(Record):
    """One place where two versions differ. `clause` is empty if a whole node was added or removed."""

    owner: str
    subject: str
    clause: str
    path: str
    old: Value | None
    new: Value | None
    before: Node | None
    after: Node | None


def differences(old: Node, new: Node, *, within: str = "") -> Iterator[Difference]:
    """Every difference, in the new file's order; removed nodes come last in their list."""
    subject = f"{within}.{new.name}".lstrip(".") if new.owner != "contract" else ""
    clauses = dict.fromkeys(term.clause for term in (*new.terms, *old.terms))
    for clause in clauses:
        if not _same(old.get(clause), new.get(clause)):
            yield _difference(old, new, clause, subject)
    for before, after in aligned(old.children, new.children):
        if before and after:
            yield from differences(before, after, within=subject)
        elif node := after or before:
            yield _whole_node(node, before, after, subject)


def aligned(old: Iterable[Node], new: Iterable[Node]) -> list[tuple[Node | None, Node | None]]:
    """Pairs of the same node in both versions: matched by id, else by name, else by another identity."""
    unmatched, new_nodes = list(old), list(new)
    have_one_table = all([node.owner for node in nodes].count("table") == 1 for nodes in (unmatched, new_nodes))
    partner: dict[int, Node] = {}
    kinds = list(dict.fromkeys(kind for node in (*new_nodes, *unmatched) for kind, _ in node.identities))
    for kind in kinds:
        for i, node in enumerate(new_nodes):
            match = next((o for o in unmatched if _identity(o, kind) == _identity(node, kind) is not None), None)
            if i not in partner and match is not None:
                partner[i] = match
                unmatched.remove(match)
    alone = [i for i in range(len(new_nodes)) if i not in partner and new_nodes[i].owner == "table"]
    if have_one_table and alone:  # it was renamed
        partner[alone[0]] = unmatched.pop([node.owner for node in unmatched].index("table"))
    return [(partner.get(i), node) for i, node in enumerate(new_nodes)] + [(node, None) for node in unmatched]


def _identity(node: Node, kind: str) -> tuple[str, str] | None:
    value = dict(node.identities).get(kind)
    return None if value is None else (node.owner, value)


def _same(old: Value | None, new: Value | None) -> bool:
    return canonical_json(old) == canonical_json(new)


def _difference(old: Node, new: Node, clause: str, subject: str) -> Difference:
    path = next(term.path for term in (*new.terms, *old.terms) if term.clause == clause)
    return Difference(
        owner=new.owner,
        subject=subject,
        clause=clause,
        path=path,
        old=old.get(clause),
        new=new.get(clause),
        before=old,
        after=new,
    )


def _whole_node(node: Node, before: Node | None, after: Node | None, within: str) -> Difference:
    return Difference(
        owner=node.owner,
        subject=f"{within}.{node.name}".lstrip("."),
        clause="",
        path=node.path,
        old=None,
        new=None,
        before=before,
        after=after,
    )
