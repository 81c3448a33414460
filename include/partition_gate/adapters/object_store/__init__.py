"""Landing storage: S3 and local folders behind one port, and a small write side for seeding."""
