from feed.client.backoff import Backoff


def test_ceiling_doubles_up_to_the_most_and_begins_anew() -> None:
    backoff = Backoff()
    for ceiling_s in (0.5, 1, 2, 4, 8, 16, 30, 30):
        assert 0 <= backoff.next_s() <= ceiling_s
    backoff.succeeded()
    assert backoff.next_s() <= 0.5


def test_is_spread_over_the_whole_time() -> None:
    waits = [Backoff(8.0).next_s() for _ in range(200)]
    assert min(waits) < 2
    assert max(waits) > 6
