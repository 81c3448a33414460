"""Reads, lints, compares, drafts and exports contract files. A run only reads them."""
