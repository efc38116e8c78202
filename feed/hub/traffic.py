"""What went out, as plain counts that only grow; they are read when somebody asks."""

from collections import Counter
from collections.abc import Sequence

from feed.histogram import Histogram
from feed.hub.member import Crowd, Member
from feed.model.frame import Frame

_LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Sent:
    """What went out in one way.

    `frames`: frames times those they went to. `deliveries`: the same of the items and events in
    them. `bytes`: of their JSON, before a door wraps or deflates it. `merged`: versions that were
    not sent one by one, as a newer one stood for them.
    """

    __slots__ = ("bytes", "deliveries", "frames", "merged")

    def __init__(self) -> None:
        self.frames = self.deliveries = self.bytes = self.merged = 0

    def add(self, frame: Frame, times: int = 1) -> None:
        """Count a frame that went to so many."""
        self.frames += times
        self.deliveries += times * frame.elements
        self.bytes += times * len(frame.payload)
        self.merged += times * frame.merged

    def plus(self, other: "Sent") -> None:
        """Count what others were sent before."""
        self.frames += other.frames
        self.deliveries += other.deliveries
        self.bytes += other.bytes
        self.merged += other.merged


class Traffic:
    """What one hub sent, whichever log it followed.

    `live`: to groups. `behind`: to members one by one, who begin, come back or are slow. `polled`:
    as answers to polls. `begun`: subscriptions by how they began: `snapshot`, `resumed`, `reset`.
    `resets`: by the reason that clients were given. `latency`: from the append of the oldest
    change of a turn until all who keep up, without a delay or a wait of their own, were written.
    """

    def __init__(self) -> None:
        self.live, self.behind, self.polled = Sent(), Sent(), Sent()
        self.begun: Counter[str] = Counter()
        self.resets: Counter[str] = Counter()
        self.latency = Histogram(_LATENCY_S)

    def told(
        self, frames: Sequence[tuple[Crowd, Frame]], full: Sequence[tuple[Crowd, Member]]
    ) -> None:
        """Count what crowds were written, but for those members who took it no more.

        Of a crowd this takes less than a fiftieth of what writing to its one member does.
        """
        live, told = self.live, 0
        deliveries = size = merged = 0
        for crowd, frame in frames:
            members = crowd.count
            told += members
            deliveries += members * frame.elements
            size += members * len(frame.payload)
            merged += members * frame.merged
        live.frames += told
        live.deliveries += deliveries
        live.bytes += size
        live.merged += merged
        if full:
            frame_of = dict(frames)
            for crowd, _ in full:
                live.add(frame_of[crowd], -1)
