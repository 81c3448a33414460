"""Partition Gate: judge Parquet partitions against data contracts."""

__version__ = "0.1.0"
