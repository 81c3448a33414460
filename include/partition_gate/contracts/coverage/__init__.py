"""What becomes of every clause of a contract: executed, documented only, or not executable and why. Pure."""
