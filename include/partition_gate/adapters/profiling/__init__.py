"""Profiles Parquet files with DuckDB, for drafts of contracts."""
