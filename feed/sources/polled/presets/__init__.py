"""APIs that are known: what to ask them, how often, and what their answers mean."""
