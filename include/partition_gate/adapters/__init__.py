"""Adapters to one outside system each: object storage, warehouse, ledger, Slack, git."""
