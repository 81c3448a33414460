"""Our expectation types: importing them registers them."""
