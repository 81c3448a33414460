"""The treatment of every clause of a contract: executed, documented, or not executable and why. Pure."""
