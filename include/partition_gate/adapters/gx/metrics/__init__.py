"""How one rule becomes SQL: importing them registers them."""
