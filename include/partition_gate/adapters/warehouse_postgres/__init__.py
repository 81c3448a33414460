"""The warehouse in PostgreSQL: rows of all versions in storage tables, and views that show the visible ones."""
