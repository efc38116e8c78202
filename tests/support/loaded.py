"""Loaded last by the process that servers are forked from: what is there then is no garbage.

Nobody looks for any in it, who would have to copy it for that: a server does at its start.
"""

import gc

gc.collect()
gc.freeze()
