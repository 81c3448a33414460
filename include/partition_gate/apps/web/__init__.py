"""The console: read-only HTML pages."""
