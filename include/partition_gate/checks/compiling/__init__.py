"""Compiles a contract to its suite and its table. Pure."""
