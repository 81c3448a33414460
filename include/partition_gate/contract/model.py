"""Our small model of a data contract: what the pipeline acts on, each part with its path in the file."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from partition_gate.contract.limits import Limits
from partition_gate.core.names import Name, Version
from partition_gate.core.partition import Location
from partition_gate.core.record import Record
from partition_gate.core.severity import Severity
from partition_gate.core.values import ListedValue, Scalar

CLASSIFIED_WORDS = frozenset({"pii", "personal", "personal_data", "confidential", "restricted", "sensitive", "secret"})


class Status(StrEnum):
    """Life of a contract; only ACTIVE pages people, RETIRED has no DAG."""

    PROPOSED = "proposed"
    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


class Clause(Record):
    """One thing that a contract says: `path` in the file, its `name` and its value as the file has it."""

    path: str
    name: str
    value: Scalar | tuple[Scalar, ...]


class Column(Record):
    """A property of the schema. `source` is its name in the files; `default` is for partitions from before it.

    What lies inside has the whole path as its name (`address.city`, `tags[]`): `fields` of an object, `item` of an
    array, `key` and `value` of a map.
    """

    path: str
    name: str
    source: str
    logical_type: str
    physical_type: str | None = None
    description: str = ""
    classification: str | None = None
    partitioned: bool = False
    default: Scalar | None = None
    clauses: tuple[Clause, ...] = ()
    fields: tuple[Column, ...] = ()
    item: Column | None = None
    key: Column | None = None
    value: Column | None = None

    @property
    def classified(self) -> bool:
        """Whether its values, or any inside, must never leave warehouse and quarantine (I9)."""
        own = (self.classification or "").lower() in CLASSIFIED_WORDS
        return own or any(inner.classified for inner in self.inner)

    @property
    def inner(self) -> tuple[Column, ...]:
        """What lies directly inside."""
        return (*self.fields, *(one for one in (self.item, self.key, self.value) if one is not None))

    def option(self, name: str) -> Scalar | tuple[Scalar, ...] | None:
        """The value of a logicalTypeOption; None where it is not given."""
        return next((clause.value for clause in self.clauses if clause.name == f"option.{name}"), None)

    def text_option(self, name: str) -> str | None:
        """The same, where it is text."""
        value = self.option(name)
        return value if isinstance(value, str) else None


class ForeignKey(Record):
    """A relationship: every value of `column` exists in `to_dataset.to_column`."""

    path: str
    column: str
    to_dataset: str
    to_column: str
    severity: Severity = Severity.ERROR


class CompoundForeignKey(Record):
    """A relationship of several columns: every tuple of `columns` exists as one of `to_columns` in `to_dataset`."""

    path: str
    columns: tuple[str, ...]
    to_dataset: str
    to_columns: tuple[str, ...]
    severity: Severity = Severity.ERROR


class Operator(Record):
    """How a metric is compared: `name` as the standard spells it (mustBe, mustBeLessThan ...), one or two bounds."""

    name: str
    bounds: tuple[Scalar, ...]


class Described(Record):
    """What every quality rule says of itself. `column` is None for a rule about the whole object."""

    path: str
    id: str
    column: str | None
    dimension: str | None = None
    severity: Severity = Severity.ERROR
    description: str = ""
    business_impact: str = ""


class Argument(Record):
    """An argument of a metric; null may be one of its values."""

    path: str
    name: str
    value: ListedValue | tuple[ListedValue, ...]


class LibraryRule(Described):
    """A predefined metric (nullValues, rowCount ...) against an operator; over all partitions of a `window`, if any."""

    type: Literal["library"] = "library"
    metric: str
    operator: Operator | None
    unit: str = "rows"
    arguments: tuple[Argument, ...] = ()
    window: timedelta | None = None


class SqlRule(Described):
    """A query that returns one value."""

    type: Literal["sql"] = "sql"
    query: str
    operator: Operator | None


class CustomRule(Described):
    """An engine's own rule; `implementation` is its JSON."""

    type: Literal["custom"] = "custom"
    engine: str
    implementation: str


class TextRule(Described):
    """A sentence for people; never executed."""

    type: Literal["text"] = "text"


QualityRule = Annotated[LibraryRule | SqlRule | CustomRule | TextRule, Field(discriminator="type")]


class Sla(Record):
    """One service level property; `property` in lower case, `unit` as the file has it."""

    path: str
    property: str
    value: Scalar
    value_ext: Scalar | None = None
    unit: str | None = None
    element: str | None = None
    schedule: str | None = None
    severity: Severity = Severity.ERROR
    description: str = ""


class Channel(Record):
    """A support channel. `scope` issues or interactive reaches producers; announcements or notifications consumers."""

    tool: str
    channel: str
    scope: str
    url: str | None = None


class Member(Record):
    """A person of the owning team."""

    username: str
    name: str = ""
    role: str = ""


class Team(Record):
    """Who owns the data."""

    name: str = ""
    members: tuple[Member, ...] = ()


class Terms(Record):
    """What a contract version says of itself, whatever its datasets are.

    `path` names the file in messages; `content_hash` is the SHA-256 of its text; `name` is the file's `name`, else id.
    """

    id: Name
    version: Version
    name: str
    status: Status
    path: str
    content_hash: str
    api_version: str
    domain: str = ""
    purpose: str = ""
    usage: str = ""
    limitations: str = ""
    team: Team = Team()
    channels: tuple[Channel, ...] = ()
    tags: tuple[str, ...] = ()


class Dataset(Record):
    """One schema object: what its partitions hold, where they land and what is promised of them.

    Suite, table, partition keys, service levels, DAG and page belong to a dataset. `path` is its place in the file
    (`schema[0]`).
    """

    contract: Terms
    name: Name
    path: str
    description: str = ""
    location: Location
    endpoint_url: str | None = None
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    compound_foreign_keys: tuple[CompoundForeignKey, ...] = ()
    rules: tuple[QualityRule, ...] = ()
    slas: tuple[Sla, ...] = ()
    limits: Limits = Limits()

    def column(self, name: str) -> Column:
        """The column of that name. Raises: KeyError."""
        return {column.name: column for column in self.columns}[name]


class Contract(Terms):
    """One contract version with its datasets, in the file's order."""

    datasets: tuple[Dataset, ...]

    @property
    def dataset(self) -> Dataset:
        """Its only dataset. Raises: ValueError where it has several."""
        (dataset,) = self.datasets
        return dataset
