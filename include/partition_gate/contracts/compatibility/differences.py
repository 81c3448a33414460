"""Where two versions of a contract differ: the same things are paired first, then their terms are compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from partition_gate.contracts.compatibility.terms import Node, Value
from partition_gate.core.record import Record, canonical_json


class Difference(Record):
    """One place where two versions differ. `clause` is empty where the whole thing was added or removed."""

    owner: str
    subject: str
    clause: str
    path: str
    old: Value | None
    new: Value | None
    before: Node | None
    after: Node | None


def differences(old: Node, new: Node, *, within: str = "") -> Iterator[Difference]:
    """Every difference, in the new file's order; what was removed comes last in its list."""
    subject = f"{within}.{new.name}".lstrip(".") if new.owner != "contract" else ""
    clauses = dict.fromkeys(term.clause for term in (*new.terms, *old.terms))
    for clause in clauses:
        if not _same(old.said(clause), new.said(clause)):
            yield _difference(old, new, clause, subject)
    for before, after in aligned(old.children, new.children):
        if before and after:
            yield from differences(before, after, within=subject)
        elif node := after or before:
            yield _whole(node, before, after, subject)


def aligned(old: Iterable[Node], new: Iterable[Node]) -> list[tuple[Node | None, Node | None]]:
    """Pairs of the same thing in both versions: by id, else by name, else by what else tells it apart."""
    left, fresh = list(old), list(new)
    partner: dict[int, Node] = {}
    ranks = list(dict.fromkeys(kind for node in (*fresh, *left) for kind, _ in node.identities))
    for rank in ranks:
        for i, node in enumerate(fresh):
            match = next((o for o in left if _tells(o, rank) == _tells(node, rank) is not None), None)
            if i not in partner and match is not None:
                partner[i] = match
                left.remove(match)
    alone = [i for i in range(len(fresh)) if i not in partner and fresh[i].owner == "table"]
    if len(alone) == 1 and [node.owner for node in left].count("table") == 1:
        partner[alone[0]] = left.pop([node.owner for node in left].index("table"))  # one table each: it was renamed
    return [(partner.get(i), node) for i, node in enumerate(fresh)] + [(node, None) for node in left]


def _tells(node: Node, rank: str) -> tuple[str, str] | None:
    value = dict(node.identities).get(rank)
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
        old=old.said(clause),
        new=new.said(clause),
        before=old,
        after=new,
    )


def _whole(node: Node, before: Node | None, after: Node | None, within: str) -> Difference:
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
