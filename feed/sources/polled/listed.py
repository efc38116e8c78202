"""What is new in a list of events that an API gives whole each time."""

from collections.abc import Sequence

import msgspec

from feed.model.change import Change, EventChange


class Listed:
    """The events of the last answer. `is_whole`: what is in the list no more did not happen."""

    def __init__(self, *, is_whole: bool) -> None:
        self._is_whole = is_whole
        self._told: dict[tuple[str, str | None], EventChange] = {}

    def news(self, changes: Sequence[Change], *, is_all: bool) -> list[Change]:
        """The events that the last answer did not have, or had otherwise, and those taken back.

        Where these changes are not all of an answer, since some of it is bad, none is taken back.
        """
        before = self._told
        now: dict[tuple[str, str | None], EventChange] = {}
        new = []
        for change in changes:
            event = change.event
            if event is None:
                continue
            key = change.topic, event.id
            now[key] = event
            if key not in before:
                new.append(change)
            elif before[key] != event:
                amended = msgspec.structs.replace(event, op="amend")
                new.append(msgspec.structs.replace(change, event=amended))
        if not is_all:
            self._told = before | now
            return new
        if self._is_whole:
            topics = {change.topic for change in changes}
            for topic, event_id in before.keys() - now.keys():
                if topic in topics:  # else its match is over, and nothing is said of it
                    new.append(_taken_back(topic, before[topic, event_id]))
        self._told = now
        return new


def _taken_back(topic: str, event: EventChange) -> Change:
    said = event.data | {"why": "no longer in the source's list"}
    void = EventChange(op="void", id=event.id, kind=event.kind, data=said)
    return Change(topic=topic, event=void)
