"""What a change is when little is said of it."""

from feed.model.change import OPS, Change, EventChange


def test_a_change_of_nothing_but_a_topic() -> None:
    change = Change(topic="price:A")

    assert (change.patch, change.data, change.event, change.ts, change.if_v) == (None,) * 5
    assert change.gone is False


def test_an_event_is_added_where_nothing_else_is_said() -> None:
    event = EventChange(kind="goal")

    assert (event.op, event.id, event.ts, event.data) == ("add", None, None, {})


def test_two_events_share_no_data() -> None:
    one, other = EventChange(), EventChange()
    one.data["side"] = "home"

    assert other.data == {}


def test_the_operations() -> None:
    assert OPS == ("add", "amend", "void")
