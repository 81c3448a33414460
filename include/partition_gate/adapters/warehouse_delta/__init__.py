"""Published tables as Delta, the quarantine, and the file of views that consumers read."""
