"""Data Docs: one page an attempt, and the index."""
