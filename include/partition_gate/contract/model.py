"""The model of a data contract: what the pipeline uses, each part with its path in the file."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from partition_gate.contract.limits import Limits
from partition_gate.core.names import Name, Version, qualified_name
from partition_gate.core.partition import Location
from partition_gate.core.record import Record
from partition_gate.core.severity import Severity
from partition_gate.core.values import ListedValue, Scalar

CLASSIFIED_WORDS = frozenset({"pii", "personal", "personal_data", "confidential", "restricted", "sensitive", "secret"})

PRODUCER_SCOPES, CONSUMER_SCOPES = ("issues", "interactive"), ("announcements", "notifications")


class Status(StrEnum):
    """The life cycle of a contract. Only ACTIVE and DEPRECATED notify people; RETIRED has no DAG."""

    PROPOSED = "proposed"
    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


class Clause(Record):
    """One statement in a contract: its `path` in the file, its `name`, and its value as in the file."""

    path: str
    name: str
    value: Scalar | tuple[Scalar, ...]


class Column(Record):
    """A property of the schema. `source` is its name in the files; `default` is its value in older partitions.

    Inner columns have the full path as their name (`address.city`, `tags[]`): `fields` of an object, `item` of an
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
        """Whether its values, or any inner values, must never leave warehouse and quarantine (I9)."""
        own = (self.classification or "").lower() in CLASSIFIED_WORDS
        return own or any(inner.classified for inner in self.inner)

    @property
    def inner(self) -> tuple[Column, ...]:
        """The columns directly inside."""
        return (*self.fields, *(inner for inner in (self.item, self.key, self.value) if inner is not None))

    def option(self, name: str) -> Scalar | tuple[Scalar, ...] | None:
        """The value of a logicalTypeOption; None if it is not set."""
        return next((clause.value for clause in self.clauses if clause.name == f"option.{name}"), None)

    def text_option(self, name: str) -> str | None:
        """The value of a logicalTypeOption if it is text, else None."""
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
    """A relationship of several columns: every tuple of `columns` exists in `to_columns` of `to_dataset`."""

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
    """The fields that every quality rule has. `column` is None for a rule about the whole object."""

    path: str
    id: str
    column: str | None
    dimension: str | None = None
    severity: Severity = Severity.ERROR
    description: str = ""
    business_impact: str = ""


class Argument(Record):
    """An argument of a metric; its values may include null."""

    path: str
    name: str
    value: ListedValue | tuple[ListedValue, ...]


class LibraryRule(Described):
    """A predefined metric (nullValues, rowCount ...) with an operator; with a `window`, over all its partitions."""

    type: Literal["library"] = "library"
    metric: str
    operator: Operator | None
    unit: str = "rows"
    arguments: tuple[Argument, ...] = ()
    window: timedelta | None = None


class SqlRule(Described):
    """A query that returns one value, in a `dialect` (None: DuckDB's).

    `dialect_is_assumed`: only another server of the contract names it, so a query that is not valid there is DuckDB's.
    """

    type: Literal["sql"] = "sql"
    query: str
    operator: Operator | None
    dialect: str | None = None
    dialect_is_assumed: bool = False


class CustomRule(Described):
    """A rule in the language of an engine; `implementation` is its JSON or YAML."""

    type: Literal["custom"] = "custom"
    engine: str
    implementation: str


class TextRule(Described):
    """A sentence for people; never executed."""

    type: Literal["text"] = "text"


QualityRule = Annotated[LibraryRule | SqlRule | CustomRule | TextRule, Field(discriminator="type")]


class Sla(Record):
    """One service level property; `property` in lower case, `unit` as in the file."""

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
    """A support channel. `scope`: one of `PRODUCER_SCOPES` or `CONSUMER_SCOPES`; with another, nobody is told there."""

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

    @property
    def owner(self) -> str:
        """The team's name, else that of the first member with the role `owner`; empty if neither is named."""
        owners = (member.name or member.username for member in self.members if member.role.lower() == "owner")
        return self.name or next(owners, "")


class Terms(Record):
    """The part of a contract version that does not depend on its datasets.

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


class UnreadClause(Record):
    """A clause that the standard accepts and that cannot be read as a promise; `why` is `what; what to do`."""

    path: str
    why: str


class Dataset(Record):
    """One schema object: what its partitions contain, where they land, and what the contract promises about them.

    A dataset has its own suite, table, partition keys, service levels, DAG and page. `path` is its place in the file
    (`schema[0]`); `has_siblings`: the contract has other objects too. `not_run` says why its partitions are not judged
    here (`server type postgres`; its location is then empty), and is empty if they are.

    `environment` is that of its server. `elsewhere` are the parts that are not in this environment, and `has_own_suite`
    says that something is not as in the others.
    """

    contract: Terms
    name: Name
    path: str
    description: str = ""
    location: Location
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    compound_foreign_keys: tuple[CompoundForeignKey, ...] = ()
    rules: tuple[QualityRule, ...] = ()
    slas: tuple[Sla, ...] = ()
    limits: Limits = Limits()
    has_siblings: bool = False
    not_run: str = ""
    unread: tuple[UnreadClause, ...] = ()
    environment: str = ""
    has_own_suite: bool = False
    elsewhere: tuple[UnreadClause, ...] = ()

    @property
    def qualified_name(self) -> str:
        """How commands and DAGs name it: by its contract's id, with its own name if the contract has several objects
        (`orders`, `shop/orders`).
        """
        return qualified_name(self.contract.id, self.name, is_only=not self.has_siblings)

    @property
    def why_not_run(self) -> str:
        """One sentence for people, if it is not run here: `orders: not run here: server type postgres`."""
        return f"{self.qualified_name}: not run here: {self.not_run}" if self.not_run else ""

    def column(self, name: str) -> Column:
        """The column with this name. Raises: KeyError."""
        return {column.name: column for column in self.columns}[name]


class Contract(Terms):
    """One contract version and its datasets, in the file's order."""

    datasets: tuple[Dataset, ...]

    @property
    def environment(self) -> str:
        """The environment of the servers that it is read from; empty if it is run on none."""
        return next((dataset.environment for dataset in self.datasets if dataset.environment), "")

    @property
    def dataset(self) -> Dataset:
        """The dataset of a contract with one schema object. Raises: ValueError, if it has several."""
        (dataset,) = self.datasets
        return dataset
