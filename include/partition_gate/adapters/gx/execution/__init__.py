"""Executes a suite: preconditions of its rules, the run of Great Expectations, and the results."""
