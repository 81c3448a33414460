"""How a rule becomes SQL. Importing a module registers its metrics."""
