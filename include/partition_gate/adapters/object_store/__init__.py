"""Landing storage: S3 and local folders behind one port, and a small writer for seeding."""
