"""Exports a contract as a single HTML file: no scripts, no external resources, every value escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from partition_gate.checks.compiling.compiled import CompiledDataset
from partition_gate.checks.expectations import Check
from partition_gate.contract.model import Column, Dataset
from partition_gate.contracts.coverage.clauses import CoveredClause
from partition_gate.core.display import counted

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2530; background: #fff; margin: 2rem auto; max-width: 70rem;
  padding: 0 1rem }
h1 { margin-bottom: 0 } h2 { margin-top: 2.5rem } .lead { font-size: 1.15rem; max-width: 46rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .4rem .6rem;
  border-bottom: 1px solid #d8dee6 } th { font-weight: 600; background: #f4f6f9 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem } dt { color: #526172 } dd { margin: 0 }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere } .scroll { overflow-x: auto }
.tag { border: 1px solid #98a5b5; border-radius: 1rem; padding: 0 .6rem; font-size: .85rem; white-space: nowrap }
""".strip()
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_FLAGS = {"required": "required", "unique": "unique", "primaryKey": "key"}


def html_page(datasets: Sequence[CompiledDataset], clauses: Sequence[CoveredClause]) -> str:
    """The page: purpose, owners, each dataset with its columns, checks and service levels, and how many clauses are
    executed.
    """
    contract = datasets[0].contract
    title = f"{contract.name} {contract.version}"
    only = datasets[0].dataset.description if len(datasets) == 1 else ""
    parts = [
        f"<h1>{escape(contract.name)}</h1>",
        f"<p><code>{escape(contract.id)}</code> {escape(contract.version)} {_tag(contract.status.value)}</p>",
        f'<p class="lead">{escape(only or contract.purpose)}</p>',
        _facts(datasets),
        *(part for compiled in datasets for part in _dataset(compiled, is_only=len(datasets) == 1)),
        "<h2>Coverage</h2>",
        f"<p>{escape(_coverage(clauses))}</p>",
    ]
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style>"
    )
    body = "\n".join(parts)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _dataset(compiled: CompiledDataset, *, is_only: bool) -> Iterator[str]:
    dataset, level = compiled.dataset, "h2" if is_only else "h3"
    if not is_only:
        yield f"<h2>{escape(dataset.name)}</h2>"
        yield f"<p>{escape(dataset.description)}</p>"
    yield f"<{level}>Columns</{level}>"
    yield _table(("column", "type", "", "meaning"), (_column(column) for column in dataset.columns))
    yield f"<{level}>Checks</{level}>"
    yield _table(("rule", "expected", "severity", "why"), map(_check, compiled.suite.suite.checks))
    yield f"<{level}>Service levels</{level}>"
    yield _table(("promise", "value", "meaning"), _slas(dataset))


def _facts(datasets: Sequence[CompiledDataset]) -> str:
    contract = datasets[0].contract
    owners = ", ".join(member.name or member.username for member in contract.team.members)
    channels = ", ".join(f"{channel.channel} ({channel.tool}, {channel.scope})" for channel in contract.channels)
    facts = {
        "Dataset" if len(datasets) == 1 else "Datasets": ", ".join(each.dataset.name for each in datasets),
        "Not run here": "; ".join(f"{e.dataset.name}: {e.dataset.not_run}" for e in datasets if e.dataset.not_run),
        "Domain": contract.domain,
        "Owners": " · ".join(filter(None, (contract.team.name, owners))),
        "Channels": channels,
        "Usage": contract.usage,
        "Limitations": contract.limitations,
        "Tags": ", ".join(contract.tags),
    }
    return "<dl>" + "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in facts.items() if v) + "</dl>"


def _column(column: Column) -> tuple[str, ...]:
    flags = [_FLAGS[clause.name] for clause in column.clauses if clause.name in _FLAGS]
    flags += ["partition"] if column.partitioned else []
    flags += [str(column.classification)] if column.classification else []
    kind = f"{column.logical_type}{f' / {column.physical_type}' if column.physical_type else ''}"
    name = f"<code>{escape(column.name)}</code>"
    return name, escape(kind), " ".join(map(_tag, flags)), escape(column.description)


def _check(check: Check) -> tuple[str, ...]:
    why = " ".join(filter(None, (check.description, check.business_impact)))
    return f"<code>{escape(check.rule_id)}</code>", escape(check.expected), escape(check.severity.value), escape(why)


def _slas(dataset: Dataset) -> Iterator[tuple[str, ...]]:
    for sla in dataset.slas:
        value = " ".join(str(part) for part in (sla.value, sla.unit, sla.element) if part not in {None, ""})
        yield escape(sla.property), escape(value), escape(sla.description)


def _coverage(clauses: Sequence[CoveredClause]) -> str:
    counts = Counter(clause.treatment.value.replace("_", " ") for clause in clauses)
    return (
        f"{counted(len(clauses), 'clause')}: "
        + ", ".join(f"{count} {word}" for word, count in counts.most_common())
        + "."
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def _tag(word: str) -> str:
    return f'<span class="tag">{escape(word)}</span>'
