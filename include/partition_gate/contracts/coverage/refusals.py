"""What the standard's JSON Schema accepts: how it is read if it cannot be executed, and what is refused anyway."""

from __future__ import annotations

# (what the schema accepts, how it is treated). None of it is an error; lint warns, and coverage lists each clause.
NOT_EXECUTED: tuple[tuple[str, str], ...] = (
    (
        "a service level that is no promise: `latency: 3` without a unit, `endOfLife: never`",
        "not executable, not guessed",
    ),
    ("an `element` that is no column and no object", "not executable"),
    (
        "a pattern with look-around or back-references",
        "not executable: only RE2 has a bounded run time",
    ),
    ("a `format` of text, or letters in a format of dates, that are not known", "not executable"),
    ("a bound of dates that is no date; a time zone that does not exist", "not executable"),
    ("a metric at the wrong level, with an unknown unit, argument or column, or without an operator", "not executable"),
    ("a custom rule of another engine, or of an expectation that cannot run here", "not executable"),
    ("a relationship to another file, to several columns, or from a column that does not exist", "not executable"),
    ("a query in a named dialect (`customProperties`: `dialect`)", "executed: translated to DuckDB's dialect"),
    ("a query in a named dialect without an exact translation", "not executable"),
    (
        "a query that DuckDB cannot plan, but another dialect explains",
        "not executable; lint shows its form in DuckDB's",
    ),
    ("`status: production`, or another unknown word", "a draft: judged, and nobody is told"),
    ("`scope: all` of a support channel, or another unknown word", "nobody is told there"),
    ("`severity: high`, or another unknown word", "counts as error"),
    ("an unknown key where v3.0 is open, such as `unity` in a service level", "ignored and listed"),
    (
        "an id such as `urn:shop:orders`",
        "executed; the contract is called `urn-shop-orders` in commands, files and DAGs",
    ),
    ("a contract without objects, an object without columns", "read; nothing is judged"),
    ("servers without Parquet files (`postgres`, `kafka`, CSV on `s3`), no servers", "read; not run here"),
)

# Lint rule -> (what it refuses although the schema accepts it, why). The rules in `RUNS` only warn if no object of the
# contract is run here.
RUNS: dict[str, tuple[str, str]] = {
    "dataset-name": ("a dataset of another contract", "both would be published to one table"),
    "readable-server": ("a server with Parquet files and no location", "nothing would ever be found"),
    "partition-pattern": ("a `partitionPattern` that does not describe paths", "partitions would be missed"),
    "own-folder": ("several objects in one folder", "rows of one would be judged as rows of another"),
    "partition-columns": (
        "segments of the location that are not the partitioned properties",
        "rows would get a wrong key",
    ),
    "range-order": ("a minimum above the maximum", "no value can keep it"),
    "bound-value": ("a bound that does not fit the format of an integer", "no value can keep it"),
    "decimal-digits": ("`DECIMAL(2,12)`, `DECIMAL(39)`", "no column can have this type"),
    "nested-required": ("a required property that an object does not have", "no row can keep it"),
    "column-name": ("two columns of one name; a reserved name", "the published table would lack one of them"),
    "one-operator": ("several operators in one rule (v3.0)", "only one of them would be checked"),
    "operator-bound": ("bounds that no number can meet", "no partition can keep it"),
    "rule-id": ("two rules with one id", "results could not be told apart"),
    "foreign-key": ("a relationship to a dataset or column that no contract has", "every run would wait for it"),
    "sql-query": (
        "a query that DuckDB can plan in no known dialect, or that reads something else",
        "every run would fail",
    ),
}
ALWAYS: dict[str, tuple[str, str]] = {
    "yaml": (
        "anchors, aliases, tags, duplicate keys and other hiding places of YAML",
        "tools read them differently",
    ),
    "strict-name": (
        "names of objects with other characters than letters, digits, `_`, `.`, `-`",
        "tables and folders have them",
    ),
    "id-is-file-name": ("an id that is not the name of the file", "commands and suites find the file by the id"),
    "status-word": ("a misspelt status, such as `actve`", "nobody would be told of failures"),
    "schema-object": ("two objects with one name", "both would be one table"),
    "object-reference": ("a `schema` of a server or service level that is no object", "it is the gate's own word"),
    "time-zone": ("an unknown `timezone` of the contract", "it is the gate's own word, and limits every partition"),
    "custom-property": ("a custom property of the gate that appears twice", "one of the values would be ignored"),
    "custom-value": ("a value that a custom property of the gate does not have", "a limit would silently be another"),
    "environment-name": ("an environment that no server has, in `notInEnvironment`", "a rule would hold there"),
    "environment-column": ("a key column that is absent in an environment", "rows would have no key there"),
    "recovery-function": ("a `recover` whose function does not exist", "quarantined rows could not be recovered"),
    "window-word": ("a misspelt `window` of a rule", "the rule would have no window"),
    "sla-element": ("an element of one object and a `schema` of another", "it would hold for the wrong one"),
    "version-rise": ("a breaking change without a new version", "consumers rely on the number"),
    "kept-versions": ("kept versions that conflict", "old partitions could not be loaded"),
    "reading": (
        "no server in the environment; a `window` or `default` that is none; a key column of a type without one text",
        "each is needed to judge or publish a partition",
    ),
}
REFUSALS = RUNS | ALWAYS
