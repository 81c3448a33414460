"""How a suite is executed: the engine, its one scan, what stands in a rule's way, what a rule found."""
