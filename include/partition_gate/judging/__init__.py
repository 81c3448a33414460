"""Turns check results into a verdict and a disposition. Pure."""
