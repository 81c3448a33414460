"""Reading Open Data Contract Standard files, v3.0 to v3.2."""
