"""The feed from the outside: a client that comes back where it left off."""
