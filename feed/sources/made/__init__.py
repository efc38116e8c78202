"""Sources that make it up."""
