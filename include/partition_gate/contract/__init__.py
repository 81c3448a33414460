"""Our model of a data contract. Pure."""
