"""What is done with a feed from a terminal."""
