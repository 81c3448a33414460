"""Fourth step: the page that people open."""

from __future__ import annotations

from partition_gate.judging.attempt import Settlement
from partition_gate.ports import Ports


def report(settlement: Settlement, *, ports: Ports) -> str | None:
    """The attempt's Data Docs page, as a path below the site's root; None where nothing was validated."""
    document = ports.ledger.document(settlement.attempt_id)
    if document is None:
        return None
    words = settlement.outcome.value.replace("_", " ")
    title = f"{settlement.dataset} {settlement.partition_key}: {words} (contract {settlement.version})"
    return ports.docs.write_page(settlement.attempt_id, document, title=title)
