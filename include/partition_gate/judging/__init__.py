"""From check results to a verdict and a disposition. Pure."""
