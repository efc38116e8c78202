"""Feed: a live market and scores feed. One log, four doors."""

__version__ = "0.1.0"
