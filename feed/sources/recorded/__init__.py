"""Sources that play what was written down: recordings, files of others, rehearsals."""
