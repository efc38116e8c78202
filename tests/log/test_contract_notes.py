"""What every engine promises of the notes that batches leave for the audit."""

import msgspec
import pytest

from feed.errors import Conflict
from feed.log.base import Batch, EventLog, Note
from tests.log.conftest import Engine
from tests.support.records import NOW_MS, batch, changed, fill, keyed


def noted(batch: Batch, note: bytes) -> Batch:
    return msgspec.structs.replace(batch, note=note)


async def test_a_note_is_kept_with_its_batch(log: EventLog) -> None:
    assert await log.notes(9) == []
    await log.append(noted(batch(changed(1), changed(2), at_ms=NOW_MS), b"first"))
    await log.append(batch(changed(3)))
    await log.append(noted(batch(changed(4), at_ms=NOW_MS + 5), b"\x00second"))

    newest = Note(4, NOW_MS + 5, b"\x00second")
    assert list(await log.notes(9)) == [newest, Note(2, NOW_MS, b"first")]
    assert list(await log.notes(1)) == [newest]


async def test_trimming_lets_no_note_go(log: EventLog) -> None:
    await log.append(noted(batch(changed(1)), b"first"))
    await fill(log, 4)
    await log.trim(5)
    assert [note.note for note in await log.notes(9)] == [b"first"]


async def test_what_is_not_appended_leaves_none(log: EventLog) -> None:
    with pytest.raises(Conflict):
        await log.append(noted(batch(changed(2)), b"refused"))
    await log.append(noted(batch(changed(1), dry_run=True), b"dry"))
    await log.append(noted(keyed("k", changed(1)), b"once"))
    await log.append(noted(keyed("k", changed(1)), b"again"))
    assert [note.note for note in await log.notes(9)] == [b"once"]


async def test_notes_last(lasting: Engine) -> None:
    log = await lasting.open()
    await log.append(noted(batch(changed(1)), b"first"))
    await log.aclose()
    log = await lasting.open()
    assert [note.note for note in await log.notes(9)] == [b"first"]
    await log.aclose()
