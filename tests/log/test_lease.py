"""The lease of a log that belongs to one process."""

from feed.log.lease import Sole


async def test_who_has_the_log_leads() -> None:
    lease = Sole("a")
    assert await lease.holder() is None, "it does not yet"

    assert await lease.take() == await lease.take() == "sole"
    assert await lease.holder() == "a"
    await lease.release()
    assert await lease.holder() is None
    assert await lease.take() == "sole"
