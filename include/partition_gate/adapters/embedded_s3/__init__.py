"""A real S3 server for a single machine."""
