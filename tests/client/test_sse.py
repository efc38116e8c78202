from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.fault import Blocked, Cut
from feed.client.sse import Events

TEXT = 'retry: 1500\n\ndata: {"a":1}\n\nid: e-1\ndata: {"b":"ü"}\n\n: quiet\n\ndata: {"c"'.encode()


@given(st.lists(st.integers(0, len(TEXT)), max_size=6))
def test_whole_events_however_they_are_cut(places: list[int]) -> None:
    events = Events()
    edges = [0, *sorted(places), len(TEXT)]
    chunks = [TEXT[begin:end] for begin, end in pairwise(edges)]
    assert [text for chunk in chunks for text in events.take(chunk)] == ['{"a":1}', '{"b":"ü"}']
    assert [*events.take(b":2}\n\n")] == ['{"c":2}']


def test_lines_may_end_in_two_characters_and_data_may_be_lines() -> None:
    assert [*Events().take(b"data: 1\r\ndata:2\r\n\r\n")] == ["1\n2"]


def test_what_is_no_text() -> None:
    with pytest.raises(Cut):
        [*Events().take(b"data: \xff\n\n")]


def test_an_event_that_does_not_end() -> None:
    events = Events()
    with pytest.raises(Blocked):
        [*events.take(b"data: " + bytes(65 * 1024 * 1024))]
