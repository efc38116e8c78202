"""Values and merge rules. No I/O; imports nothing of ours but errors."""
