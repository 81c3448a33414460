"""A contract in other formats: Avro, JSON Schema, SQL, a plain suite, HTML. Pure."""
