"""The model of a data contract. Pure."""
