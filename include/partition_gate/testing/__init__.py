"""Builders, fakes and servers for tests."""
