"""Published tables and quarantine as Delta, and the views file that consumers read."""
