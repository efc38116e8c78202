"""From the log to each subscriber. Knows the log and the model."""
