"""The feed from the outside: a client that comes back where it left off.

Feed is what a program uses; Stream, below it, gives every frame.
"""

from feed.client.backoff import Pace
from feed.client.change import Change, EventChange, ItemChange, Reset
from feed.client.fault import Ended
from feed.client.feed import Feed, Misused, Status
from feed.client.reader import Item

__all__ = [
    "Change",
    "Ended",
    "EventChange",
    "Feed",
    "Item",
    "ItemChange",
    "Misused",
    "Pace",
    "Reset",
    "Status",
]
