"""Incidents: problems that last. What opens, repeats and resolves them, and who is told about which. Pure."""
