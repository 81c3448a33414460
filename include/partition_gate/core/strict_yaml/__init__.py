"""YAML as plain data with the line of every value; traps are refused."""
