"""The whole feed while everything fails: `make chaos`."""
