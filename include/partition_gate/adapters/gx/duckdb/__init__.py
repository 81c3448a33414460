"""Reads, counts and splits rows. Independent of Great Expectations."""
