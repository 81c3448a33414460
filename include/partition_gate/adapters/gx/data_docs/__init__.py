"""Data Docs: one page per attempt, and the index."""
