"""What the page of a DAG in Airflow says about its dataset, and the links, tags and parameters that it offers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from functools import cache
from urllib.parse import quote

from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict

from partition_gate.apps.airflow.links import console_address
from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.contract.schedule import Schedule
from partition_gate.core.display import SENTENCE_LENGTH, inline_code
from partition_gate.core.severity import Scope
from partition_gate.judging.replay import Action

_LINK_SCHEMES = ("https://", "http://", "mailto:")
_LONGEST_TAG = 100  # what Airflow accepts
_SECTION = "Rows that were judged before"  # of the trigger form
_GRID = """
### How to read the grid

| `settle` | note | the partition |
|---|---|---|
| green | none | is published |
| green | yes | is published without the rows in quarantine; the note counts them |
| skipped | yes | is **not** published: rejected, held or missing; the note says why |
| skipped | none | has nothing new: it was settled before, or none is expected for this period |
| any | yes, and a red task | could not be judged; the note and the task's log say why |
"""


def dag_docs(compiled: CompiledDataset, plan: Schedule) -> str:
    """The Markdown of a DAG. Texts of the contract are shown as inert code."""
    promises = [check for check in compiled.suite.suite.checks if check.scope is Scope.SLA]
    lines = [f"- {inline_code(check.rule_id)}: {_text(check.expected)}" for check in promises]
    parts = [
        _text(compiled.dataset.description),
        "\n".join(f"- **{name}:** {value}" for name, value in _facts(compiled, plan)),
        "\n".join(["### Promises over time", "", *lines]) if lines else "",
        _GRID.strip(),
    ]
    return "\n\n".join(part for part in parts if part)


def _facts(compiled: CompiledDataset, plan: Schedule) -> Iterator[tuple[str, str]]:
    contract, dataset, base = compiled.contract, compiled.dataset, console_address()
    pages = f"[dataset]({base}/datasets/{quote(dataset.name)}), [contract]({base}/contracts/{quote(contract.id)})"
    yield "Console", pages
    yield "Contract", f"{inline_code(contract.id)} {contract.version}, {contract.status.value}"
    if contract.team.owner:
        yield "Owner", _text(contract.team.owner)
    if contract.channels:
        yield "Channels", ", ".join(_text(f"{each.channel} ({each.tool})") for each in contract.channels)
    yield "Lands at", _text(f"{dataset.location.shown_root}/{dataset.location.pattern}")
    yield "Runs", plan.summary
    yield "Consumers read", f"{inline_code(dataset.name)}, asset {inline_code(f'validated.{dataset.name}')}"


def _text(text: str) -> str:
    return inline_code(text, limit=SENTENCE_LENGTH) if text.strip() else ""


def dag_tags(compiled: CompiledDataset) -> list[str]:
    """The gate, the dataset, and the domain of its contract. A tag that is too long for Airflow is cut."""
    domain = compiled.contract.domain
    tags = ["partition-gate", compiled.dataset.name, *([f"domain:{domain}"] if domain else [])]
    return [tag[:_LONGEST_TAG] for tag in dict.fromkeys(tags)]


def owner_links(compiled: CompiledDataset) -> dict[str, str]:
    """Where the owner's name leads: the first channel of the contract that has a web or mail address."""
    urls = [each.url for each in compiled.contract.channels if each.url and each.url.startswith(_LINK_SCHEMES)]
    owner = compiled.contract.team.owner
    return {owner: urls[0]} if owner and urls else {}


def versions_offered(compiled: CompiledDataset) -> tuple[str, ...]:
    """The versions that a dry run may name, newest first."""
    return tuple(dict.fromkeys(version.contract.version for version in reversed(compiled.versions)))


def run_params(versions: Sequence[str]) -> dict[str, Param]:
    """The parameters of Airflow's trigger form, for a contract with these versions.

    Raises:
        ParamValidationError: a default is not valid.
    """
    return {name: copy(param) for name, param in _checked_params(tuple(versions)).items()}


@cache
def _checked_params(versions: tuple[str, ...]) -> dict[str, Param]:
    """As `run_params`; checked once, because that takes a millisecond and most contracts offer the same."""
    params = _params(versions)
    ParamsDict(params).validate()
    return params


def _params(versions: tuple[str, ...]) -> dict[str, Param]:
    return {
        "force": Param(
            default=False,
            type="boolean",
            title="Judge again",
            description="Judge these files even if they are already settled under this contract.",
        ),
        "dry_run": Param(
            default=False,
            type="boolean",
            title="Dry run",
            description="Judge what is in landing now; nothing is recorded, published or sent. See the run's note.",
        ),
        "contract_version": Param(
            default="",
            type="string",
            enum=["", *versions],
            title="Contract version",
            description="Only for a dry run: judge by this version. Empty: by the version in force for the partition.",
        ),
        **_asked_params(),
    }


def _asked_params() -> dict[str, Param]:
    """What else a person may want from a run, all of it in one section of the form."""
    action = Param(
        default=Action.JUDGE.value,
        type="string",
        enum=[each.value for each in Action],
        title="What to do",
        description="All but the first need a reason, and concern the partition of this run's key.",
        section=_SECTION,
    )
    assignments = Param(
        default=[],
        type="array",
        items={"type": "string"},
        title="Replay: set",
        description="New values of the rows, one COLUMN=EXPRESSION on a line, such as amount=abs(amount).",
        section=_SECTION,
    )
    where = "A DuckDB condition that chooses the rows. Empty: all that are in quarantine."
    return {
        "action": action,
        "why": _words("Why", "The reason, which is kept with your name."),
        "assignments": assignments,
        "where": _words("Replay: where", where),
        "to": _words("Roll back: to", "The attempt to return to, or its number. Empty: the version before."),
    }


def _words(title: str, description: str) -> Param:
    return Param(default="", type="string", title=title, description=description, section=_SECTION)
