from feed.client.wanted import Wanted

MANY = tuple(f"price:{number:064d}" for number in range(200))


def test_what_is_as_the_server_does_it_anyway_is_not_said() -> None:
    wanted = Wanted(url="http://x", topics=("price:A", "score:*"))
    assert wanted.query() == {"topics": "price:A,score:*"}
    assert wanted.command(None) == {
        "type": "subscribe",
        "id": 1,
        "topics": ["price:A", "score:*"],
    }


def test_all_that_can_be_asked_for() -> None:
    wanted = Wanted(
        url="http://x",
        topics=("*",),
        conflate_ms=250,
        window_ms=5,
        delay_ms=1200,
        fields=("price", "bid"),
    )
    assert wanted.query() == {
        "topics": "*",
        "conflate_ms": "250",
        "window_ms": "5",
        "delay_ms": "1200",
        "fields": "price,bid",
    }
    assert wanted.command("e-1") == {
        "type": "subscribe",
        "id": 1,
        "topics": ["*"],
        "conflate_ms": 250,
        "window_ms": 5,
        "delay_ms": 1200,
        "fields": ["price", "bid"],
        "cursor": "e-1",
    }


def test_many_topics_fit_a_url_in_parts() -> None:
    wanted = Wanted(url="http://x", topics=MANY, conflate_ms=250)
    assert not wanted.fits_a_url
    parts = [*wanted.in_parts()]
    assert [len(part.topics) for part in parts] == [80, 80, 40]
    assert all(part.fits_a_url and part.conflate_ms == 250 for part in parts)
    assert tuple(topic for part in parts for topic in part.topics) == MANY
