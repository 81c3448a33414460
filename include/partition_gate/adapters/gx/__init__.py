"""Great Expectations on DuckDB: the only package that imports `great_expectations`."""
