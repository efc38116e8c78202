"""Sources that ask an API: how often, how safely, and what its answers mean."""
