"""What every warehouse shares: the keys of its tables, its quarantine, and how DuckDB counts values."""
