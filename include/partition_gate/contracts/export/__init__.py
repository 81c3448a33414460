"""Exports a contract to other formats: Avro, JSON Schema, SQL, a portable suite, HTML. Pure."""
