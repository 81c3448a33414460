"""Drafts a contract by guessing from existing partitions. Pure."""
