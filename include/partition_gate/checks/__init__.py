"""A suite of checks, and the expectations that it can contain. Pure."""
