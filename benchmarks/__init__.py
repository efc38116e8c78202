"""What the feed costs, beside the libraries and servers that a user would pick instead."""
