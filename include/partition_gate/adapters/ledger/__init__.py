"""The ledger in SQLite or PostgreSQL: attempts, settlements, counters and the outbox."""
