"""The pipeline: one partition's steps, and everything that finishes or repairs them."""
