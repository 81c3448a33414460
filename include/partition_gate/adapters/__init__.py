"""Adapters, each to one outside system: object storage, warehouse, ledger, Slack, git."""
