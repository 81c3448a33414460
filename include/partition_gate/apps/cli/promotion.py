"""`gate promote`: an anomaly that should not happen again becomes a rule of the contract."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from partition_gate.apps.cli.named import DATASET_HELP
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.limits import Limits
from partition_gate.contracts.drafting.promotion import with_rule
from partition_gate.core.display import displayed
from partition_gate.core.errors import CannotAct
from partition_gate.gate.anomalies import figure_of
from partition_gate.incidents.model import Incident, ProblemKind
from partition_gate.judging.anomalies import Anomaly
from partition_gate.judging.drift import cause_of
from partition_gate.judging.drift import is_cause as is_drift
from partition_gate.ports.ledger import Ledger
from partition_gate.settings import load_settings
from partition_gate.wiring import contract_folder, open_ports


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(promote)


def promote(
    contract: Annotated[str, typer.Argument(metavar="CONTRACT", help=DATASET_HELP)],
    anomaly: Annotated[str, typer.Argument(metavar="ANOMALY", help="Its number, or its cause: `anomaly rows`.")],
    write: Annotated[bool, typer.Option("--write", help="Write the contract and its suite.")] = False,
) -> None:
    """Turn an anomaly into a rule that warns, and show it as a diff of the contract. `gate anomalies` lists them."""
    folder = contract_folder(load_settings())
    compiled, (path, _) = folder.load(contract), folder.find(contract)
    with open_ports() as ports:
        found = _figure(_incident(anomaly, compiled, ports.ledger), compiled, ports.ledger)
    before = folder.text(path)
    threshold = compiled.dataset.limits.anomaly_threshold or Limits().anomaly_threshold
    after = with_rule(before, found, compiled.dataset, threshold=threshold or 0.0)
    folder.check_text(path, after)
    name = folder.label(path).lstrip("/")
    lines = (before.splitlines(keepends=True), after.splitlines(keepends=True))
    typer.echo("".join(difflib.unified_diff(*lines, fromfile=f"a/{name}", tofile=f"b/{name}")), nl=False)
    if write:
        for target in folder.write_text(path, after):
            typer.echo(f"wrote  {target}")
        typer.echo(
            "raise the version of the contract, and commit the files; without `severity: warning` the rule blocks"
        )


def _incident(anomaly: str, compiled: CompiledDataset, ledger: Ledger) -> Incident:
    dataset = compiled.dataset.name
    recorded = ledger.incidents(dataset, active_only=False)
    names = {anomaly, f"anomaly {anomaly}", cause_of(anomaly)}
    for incident in recorded:
        if incident.kind is ProblemKind.ANOMALY and (str(incident.id) == anomaly or incident.cause in names):
            return incident
    raise CannotAct(f"{displayed(dataset)} has no anomaly {displayed(anomaly)}; see `gate anomalies {dataset}`")


def _figure(incident: Incident, compiled: CompiledDataset, ledger: Ledger) -> Anomaly:
    """The figure of the newest partition with the anomaly, compared again with the partitions before it."""
    settled = ledger.outcome(incident.dataset, incident.last_key)
    if is_drift(incident.cause):
        raise CannotAct(
            f"{displayed(incident.dataset)}: {displayed(incident.cause)} is a distribution, and no rule describes one; "
            "pin a new baseline if the change is wanted: gate baseline pin"
        )
    figure = None if settled is None else figure_of(incident.cause, settled, compiled, ledger)
    if figure is None:
        where = f"{displayed(incident.dataset)} {displayed(incident.last_key)}"
        raise CannotAct(f"{where}: {displayed(incident.cause)} can no longer be compared with earlier partitions")
    return figure
