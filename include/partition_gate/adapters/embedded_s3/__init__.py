"""A real S3 server of our own, for one machine."""
