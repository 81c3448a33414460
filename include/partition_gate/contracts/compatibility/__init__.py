"""The changes between two versions of a contract, and their effect on producers and consumers. Pure."""
