"""Putting records into a log by hand."""

from feed.log.base import Appended, Batch, EventLog
from feed.model.entry import Record


async def appended(log: EventLog, *records: Record, at_ms: int = 0) -> Appended:
    """Append records as one batch."""
    return await log.append(Batch(records=records, at_ms=at_ms))
