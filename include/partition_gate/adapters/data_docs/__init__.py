"""Data Docs as static pages."""
