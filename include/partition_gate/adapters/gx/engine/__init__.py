"""The execution engine that Great Expectations gets: DuckDB, one scan for all rules of a suite."""
