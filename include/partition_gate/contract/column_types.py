"""Types: what a contract's type names accept in a Parquet file, and what the published table stores.

Arrow type tokens are the tokens of `ColumnTyped`. Lossless widening is accepted (int32 if int64 is promised).
"""

from __future__ import annotations

import re

_SIGNED = ("int8", "int16", "int32", "int64")
_UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
_INT64 = (*_SIGNED, "uint8", "uint16", "uint32")
_INT32 = ("int8", "int16", "int32", "uint8", "uint16")
_INT16 = ("int8", "int16", "uint8")
_DOUBLE = ("halffloat", "float", "double", *_INT32)
_TEXT = ("string", "large_string")

# logicalType -> (accepted Arrow tokens, DuckDB type). Source: ODCS 3.1, logicalType; `number` may be any number.
LOGICAL: dict[str, tuple[tuple[str, ...], str]] = {
    "string": (_TEXT, "VARCHAR"),
    "integer": (_INT64, "BIGINT"),
    "number": ((*_DOUBLE, "int64", "uint32", "decimal"), "DOUBLE"),
    "boolean": (("bool",), "BOOLEAN"),
    "date": (("date32", "date64"), "DATE"),
    "timestamp": (("timestamp", "timestamp_tz"), "TIMESTAMP WITH TIME ZONE"),
    "time": (("time32", "time64"), "VARCHAR"),
    # Inner columns have their own types (`nested_columns`); without them, the value is published as text.
    "object": (("struct",), "VARCHAR"),
    "array": (("list",), "VARCHAR[]"),
    "map": (("map",), "MAP(VARCHAR, VARCHAR)"),
    "vector": (("list",), "FLOAT[]"),
}

# elementType of a vector: (accepted Arrow tokens, DuckDB type). Source: ODCS 3.2, RFC 0042.
ELEMENTS: dict[str, tuple[tuple[str, ...], str]] = {
    "float16": (("halffloat",), "FLOAT"),
    "float32": (("halffloat", "float"), "FLOAT"),
    "float64": (("halffloat", "float", "double"), "DOUBLE"),
    "int8": (("int8",), "TINYINT"),
    "uint8": (("uint8",), "SMALLINT"),
}

# logicalTypeOptions.format of integer and number: (accepted Arrow tokens, DuckDB type). Delta has no unsigned types, so
# each is published as the next wider signed type. Source: ODCS 3.1 ("follows the Rust integer types").
WIDTHS: dict[str, tuple[tuple[str, ...], str]] = {
    "i8": (("int8",), "TINYINT"),
    "i16": (_INT16, "SMALLINT"),
    "i32": (_INT32, "INTEGER"),
    "i64": (_INT64, "BIGINT"),
    "i128": ((*_INT64, "uint64", "decimal"), "DECIMAL(38,0)"),
    "u8": (_UNSIGNED[:1], "SMALLINT"),
    "u16": (_UNSIGNED[:2], "INTEGER"),
    "u32": (_UNSIGNED[:3], "BIGINT"),
    "u64": (_UNSIGNED, "DECIMAL(20,0)"),
    "u128": ((*_UNSIGNED, "decimal"), "DECIMAL(38,0)"),
    "f32": (("halffloat", "float", *_INT16), "FLOAT"),
    "f64": (_DOUBLE, "DOUBLE"),
}

# physicalType (upper case, without length) -> the same. Parquet and SQL names of the same type share a row.
PHYSICAL: dict[str, tuple[tuple[str, ...], str]] = {
    **dict.fromkeys(("BIGINT", "INT64", "LONG"), (_INT64, "BIGINT")),
    **dict.fromkeys(("INTEGER", "INT", "INT32"), (_INT32, "INTEGER")),
    **dict.fromkeys(("SMALLINT", "INT16", "SHORT"), (_INT16, "SMALLINT")),
    **dict.fromkeys(("TINYINT", "BYTE"), (("int8",), "TINYINT")),
    **dict.fromkeys(("DOUBLE", "FLOAT64", "DOUBLE PRECISION"), (_DOUBLE, "DOUBLE")),
    **dict.fromkeys(("FLOAT", "REAL", "FLOAT32"), (("halffloat", "float", *_INT16), "FLOAT")),
    **dict.fromkeys(("VARCHAR", "STRING", "TEXT", "UTF8", "CHAR", "BYTE_ARRAY"), (_TEXT, "VARCHAR")),
    **dict.fromkeys(("BOOLEAN", "BOOL"), (("bool",), "BOOLEAN")),
    **dict.fromkeys(("UBIGINT", "UINT64"), (_UNSIGNED, "DECIMAL(20,0)")),
    **dict.fromkeys(("UINTEGER", "UINT32"), (_UNSIGNED[:3], "BIGINT")),
    **dict.fromkeys(("USMALLINT", "UINT16"), (_UNSIGNED[:2], "INTEGER")),
    **dict.fromkeys(("UTINYINT", "UINT8"), (_UNSIGNED[:1], "SMALLINT")),
    "TIME": (("time32", "time64"), "VARCHAR"),
    "DATE": (("date32", "date64"), "DATE"),
    **dict.fromkeys(("TIMESTAMP", "DATETIME", "TIMESTAMP_NTZ"), (("timestamp",), "TIMESTAMP")),
    **dict.fromkeys(
        ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ", "TIMESTAMP_TZ"), (("timestamp_tz",), "TIMESTAMP WITH TIME ZONE")
    ),
    **dict.fromkeys(("BLOB", "BINARY", "VARBINARY", "BYTES"), (("binary",), "BLOB")),
}
# physicalType of container types, with or without their inner types: ARRAY<STRING>, VARCHAR[], STRUCT<a INT>.
_CONTAINERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("STRUCT", "RECORD", "ROW"), ("struct",)),
    **dict.fromkeys(("ARRAY", "LIST"), ("list",)),
    "MAP": ("map",),
}
_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?")

_DIGITS = re.compile(r"(?:DECIMAL|NUMERIC)\s*\(\s*([+-]?\d+)\s*(?:,\s*([+-]?\d+)\s*)?\)")
LARGEST_PRECISION = 38


def decimal_problem(physical_type: str) -> str | None:
    """Why no column can have this DECIMAL, and what to write; None if one can, or if it is another type.

    Source: Parquet and DuckDB, which have decimals of 1 to 38 digits, of which 0 to all stand after the point.
    """
    digits = _DIGITS.fullmatch(physical_type.upper().strip())
    if digits is None:
        return None
    precision, scale = int(digits[1]), int(digits[2] or 0)
    if not 1 <= precision <= LARGEST_PRECISION:
        return f"a decimal has 1 to {LARGEST_PRECISION} digits, not {precision}; write one such as DECIMAL(18,2)"
    if not 0 <= scale <= precision:
        what = f"of {precision} digits, {scale} cannot stand after the point"
        return f"{what}; write the number of all digits first, as in DECIMAL(18,2)"
    return None


def accepted_by_physical(physical_type: str) -> tuple[str, ...] | None:
    """Arrow tokens that a physicalType accepts; None for an unknown name."""
    if _DECIMAL.fullmatch(physical_type.upper().strip()):
        return ("decimal", *_INT64)
    if re.search(r"\[\d*\]$", physical_type.strip()):
        return ("list",)
    container = _CONTAINERS.get(re.split(r"[<(\s]", physical_type.strip().upper(), maxsplit=1)[0])
    known = PHYSICAL.get(_bare(physical_type))
    return container or (known[0] if known else None)


def accepted_by_logical(logical_type: str, *, width: str | None = None) -> tuple[str, ...] | None:
    """Arrow tokens that a logicalType and its `format` accept (u64 is wider); None for an unknown type."""
    known = LOGICAL.get(logical_type)
    if known is None:
        return None
    return tuple(dict.fromkeys((*known[0], *(WIDTHS[width][0] if width in WIDTHS else ()))))


def is_text(physical_type: str | None) -> bool:
    """Whether a physicalType promises text."""
    return PHYSICAL.get(_bare(physical_type or ""), ((), ""))[1] == "VARCHAR"


def stored_type(
    logical_type: str, physical_type: str | None, *, width: str | None = None, has_zone: bool = True
) -> str:
    """The published column's DuckDB type: from the physicalType if it is known, else the format, else the logicalType.

    `has_zone` is the option `timezone` of a timestamp.
    """
    text = (physical_type or "").upper().strip()
    if decimal := _DECIMAL.fullmatch(text):
        return f"DECIMAL({decimal[1] or 38},{decimal[2] or 0})" if decimal[1] else "DECIMAL(38,9)"
    known = PHYSICAL.get(_bare(text)) or WIDTHS.get(width or "") or LOGICAL.get(logical_type)
    if logical_type == "timestamp" and not text and not has_zone:
        return "TIMESTAMP"
    return known[1] if known else "VARCHAR"


def _bare(physical_type: str) -> str:
    return re.sub(r"\s*\(.*\)", "", physical_type.upper()).strip()
