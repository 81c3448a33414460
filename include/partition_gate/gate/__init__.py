"""The pipeline: the steps of one partition, and the code that finishes or repairs interrupted runs."""
