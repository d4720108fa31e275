"""The HTTP proxy that legacy programs talk to."""
