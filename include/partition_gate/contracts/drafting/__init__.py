"""A draft contract, guessed from existing partitions. Pure."""
