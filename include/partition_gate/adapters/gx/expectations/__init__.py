"""Our expectation types. Importing a module registers its types."""
