"""Avro schemas of a schema registry: read, resolved against each other, and judged in the registry's modes. Pure."""
