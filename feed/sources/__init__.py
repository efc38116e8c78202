"""Where changes come from. Knows the model only."""
