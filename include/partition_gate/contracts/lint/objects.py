"""Lint rules about schema objects: their names, and the files that each is read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from partition_gate.contract.completeness import NOTES
from partition_gate.contract.limits import ENTITY_KEY, EVENT_TIME, FEATURES
from partition_gate.contracts.lint.view import Known, Placed, Problem, View, columns_of, parts
from partition_gate.contracts.odcs.object_names import SCHEMA, object_of
from partition_gate.contracts.odcs.servers import PATTERN, location, place_of, same_files, shared_folder
from partition_gate.core.errors import ContractError
from partition_gate.core.finding import Level
from partition_gate.core.names import dag_id, qualified_name
from partition_gate.core.nearest_words import did_you_mean, shown
from partition_gate.core.partition import Location


def schema_object(view: View, _known: Known) -> Iterator[Problem]:
    """The contract has schema objects with columns (a warning), and their names differ, ignoring case as published
    tables do (an error).
    """
    objects = list(view.objects())
    if not objects:
        yield Problem("schema", "has no objects, so nothing is judged; add one for each table", Level.WARNING)
    places: dict[str, str] = {}
    for item in objects:
        if not item.node.get("properties"):
            what = "has no columns, so its partitions are not judged; list them"
            yield Problem(f"{item.place}.properties", what, Level.WARNING)
        name = item.node.get("name")
        if isinstance(name, str) and name.casefold() in places:
            what = f"{shown(name)} is also the name of {places[name.casefold()]}; rename one of them"
            yield Problem(f"{item.place}.name", what)
        places.setdefault(str(name).casefold(), item.place)


def dataset_name(view: View, known: Known) -> Iterator[Problem]:
    """No other contract has a dataset or a DAG of this name (a warning for a file outside the contracts folder). A
    retired contract has none.
    """
    own, level = known.name or str(view.root.get("id")), None if known.name else Level.WARNING
    objects = [(item, item.node.get("name")) for item in view.objects()]
    named = [(item, name) for item, name in objects if isinstance(name, str) and not view.is_retired]
    for item, name in named:
        dag = dag_id(qualified_name(own, name, is_only=len(objects) == 1))
        for claim, what in (
            (name.casefold(), f"has a dataset {shown(name)} too, and each needs a table of its own"),
            (dag, f"has a DAG {dag} too"),
        ):
            other = next((other for other in known.claims.get(claim, ()) if other != own), None)
            if other is not None:
                yield Problem(f"{item.place}.name", f"the contract {other} {what}; rename one of them", level)
                break


def partition_columns(view: View, _known: Known) -> Iterator[Problem]:
    """The Hive segments of an object's location, or the fields of its pattern, are its properties with `partitioned:
    true`.
    """
    several = len(list(view.objects())) > 1
    problems: dict[Problem, None] = {}  # objects share servers, and so what is wrong with a location
    for item in view.objects():
        servers = [server for server in view.servers_of(item) if place_of(server.node, "").text]
        if servers and view.columns_beside(item):
            of = f" in {item.node.get('name')}" if several else ""
            problems |= dict.fromkeys(_unlike_location(item, servers, of=of))
    yield from problems


def partition_pattern(view: View, _known: Known) -> Iterator[Problem]:
    """`partitionPattern` is a custom property of servers, once in each, and a pattern of paths. If files of several
    partitions share a folder, `readiness` is not a file beside them.
    """
    for custom in (custom for custom in view.custom() if custom.node.get("property") == PATTERN):
        what = f"{PATTERN!r} belongs to a server; move it into the customProperties of that server"
        yield Problem(f"{custom.place}.property", what)
    names = [str(item.node.get("name")) for item in view.objects()]
    for server in view.parquet_servers():
        given = parts(server.node, "customProperties", server.place)
        for second in [each for each in given if each.node.get("property") == PATTERN][1:]:
            yield Problem(f"{second.place}.property", f"{PATTERN!r} is a duplicate; remove one of them")
        place, where = _located(server, object_of(server.node) or (names or [""])[0])
        if isinstance(where, str) and place != place_of(server.node, server.place).at:
            yield Problem(place, where)
        elif isinstance(where, Location) and where.layout is not None and where.layout.shares_folders:
            yield from _shared_marker(view)


def own_folder(view: View, _known: Known) -> Iterator[Problem]:
    """In each environment, every object is read from files of its own."""
    by_environment: dict[str, dict[str, tuple[str, Location]]] = {}
    for item in view.objects():
        for server in view.servers_of(item):
            place, where = _located(server, str(item.node.get("name")))
            if isinstance(where, Location) and place_of(server.node, "").text:
                objects = by_environment.setdefault(repr(server.node.get("environment")), {})
                objects.setdefault(str(item.node.get("name")), (place, where))
    for objects in by_environment.values():
        for names in same_files({name: where for name, (_, where) in objects.items()}):
            yield Problem(objects[names[-1]][0], shared_folder(names))


def object_reference(view: View, _known: Known) -> Iterator[Problem]:
    """The custom property `schema` of a server or a service level names an object of the contract."""
    names = {str(item.node.get("name")): None for item in view.objects()}
    for part in (*parts(view.root, "servers"), *view.slas()):
        for custom in parts(part.node, "customProperties", part.place):
            value = custom.node.get("value")
            if custom.node.get("property") == SCHEMA and str(value) not in names:
                hint = did_you_mean(value, names) or f"its objects are {', '.join(names)}"
                yield Problem(f"{custom.place}.value", f"{shown(value)} is not an object of the contract; {hint}")


def feature_table(view: View, _known: Known) -> Iterator[Problem]:
    """An object with an `entityKey` has an `eventTime`, and they and its `features` name columns that are published."""
    for item in view.objects():
        custom = {str(each.node.get("property")): each for each in parts(item.node, "customProperties", item.place)}
        if ENTITY_KEY not in custom:
            continue
        if EVENT_TIME not in custom:
            what = f"makes a feature table, which needs an {EVENT_TIME}, too; add the column with the time of each row"
            yield Problem(f"{custom[ENTITY_KEY].place}.value", what)
        published = [
            str(each.node.get("name")) for each in columns_of(item) if each.node.get("partitioned") is not True
        ]
        for name in (ENTITY_KEY, EVENT_TIME, FEATURES):
            if name in custom:
                yield from _unknown_columns(custom[name], published)


def _unknown_columns(custom: Placed, published: Sequence[str]) -> Iterator[Problem]:
    value = custom.node.get("value")
    for name in value if isinstance(value, list) else [value]:
        if name not in published:
            hint = did_you_mean(name, published) or "name one of its columns"
            yield Problem(f"{custom.place}.value", f"{shown(name)} is not a column that is published; {hint}")


def _shared_marker(view: View) -> Iterator[Problem]:
    for custom in view.limits():
        value = custom.node.get("value")
        if custom.node.get("property") == "readiness" and value in NOTES:
            what = f"{shown(value)} needs a folder for each partition, and {PATTERN} puts several into one"
            yield Problem(f"{custom.place}.value", f"{what}; write one such as quiet:120s")


def _unlike_location(item: Placed, servers: Sequence[Placed], *, of: str) -> Iterator[Problem]:
    columns = {str(column.node.get("name")): column for column in columns_of(item)}
    partitioned = [name for name, column in columns.items() if column.node.get("partitioned") is True]
    locations = [_located(server, str(item.node.get("name"))) for server in servers]
    for place, where in locations:
        if isinstance(where, str):
            yield Problem(place, where)
            continue
        for name in (segment for segment in where.names if segment not in partitioned):
            has = name in columns
            write = f"add `partitioned: true` to property {name!r}" if has else f"add the property {name!r}"
            segment = f"the segment {name}=" if where.layout is None else f"the field {{{name}}} of {PATTERN}"
            what = f"{segment} has no property with `partitioned: true`{of}; {write}"
            yield Problem(place, what, None if has else Level.WARNING)
    readable = [where for _, where in locations if isinstance(where, Location)]
    for name in partitioned:
        if readable and not any(name in where.names for where in readable):
            part = f"location has the segment {name}=*" if readable[0].layout is None else f"{PATTERN} has {{{name}}}"
            what = f"no {part}; add it, or remove `partitioned`"
            yield Problem(f"{columns[name].place}.partitioned", what)


def _located(server: Placed, name: str) -> tuple[str, Location | str]:
    """The location of an object at a server and its place in the file; or what is wrong, and where."""
    place = place_of(server.node, server.place)
    try:
        return place.at, location(place, folder="/", model=name, path="")
    except ContractError as error:
        at, _, what = str(error).removeprefix(": ").partition(": ")
        return at, what
