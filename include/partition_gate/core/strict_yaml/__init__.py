"""YAML as plain data with the line of every value; ambiguous features are refused."""
