"""A suite of checks, and the expectations that it may hold. Pure."""
