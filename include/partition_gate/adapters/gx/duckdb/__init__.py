"""Where rows are read, counted and split. Knows nothing of Great Expectations."""
