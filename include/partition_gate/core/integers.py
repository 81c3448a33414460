"""DuckDB's integer types. Only the types in SIGNED_BITS are published."""

from __future__ import annotations

SIGNED_BITS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}
_UNSIGNED_BITS = {f"U{name}": bits for name, bits in SIGNED_BITS.items()}
# Decimal digits that every value fits into.
DIGITS = {
    **{name: len(str(2 ** (bits - 1))) for name, bits in SIGNED_BITS.items()},
    **{name: len(str(2**bits - 1)) for name, bits in _UNSIGNED_BITS.items()},
}
