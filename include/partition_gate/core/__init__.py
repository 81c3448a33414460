"""The vocabulary of the domain: keys, partitions, tables, units, severities, errors."""
