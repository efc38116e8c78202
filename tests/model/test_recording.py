import pytest

from feed.model.recording import decode_line


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        (b'{"at":1,"snapshot":"begin","topics":["*"]}', True),
        (b'{"at":1,"reset":"expired","topics":["*"]}', True),
        (b'{"at":1,"topic":"price:A","v":1,"ts":1,"data":{}}', False),
        (b'{"at":1,"cursor":"e-1"}', False),
    ],
)
def test_after_some_lines_come_the_items_as_they_stand(line: bytes, *, begins: bool) -> None:
    assert decode_line(line).begins is begins
