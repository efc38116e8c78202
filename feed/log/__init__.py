"""The truth: one append-only log, durable before it is seen. Knows the model only."""
