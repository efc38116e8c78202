import re

import pytest

from feed.web.session import Session, Sessions

FIRST, SECOND = "a" * 32, "b" * 32
NOW = 1_790_000_000
EPOCH = "k3f9"
HALF_AN_HOUR, TWELVE_HOURS = 1800, 43_200


@pytest.fixture
def sessions() -> Sessions:
    return Sessions([FIRST, SECOND])


def known(sessions: Sessions, text: str, now_s: int = NOW, epoch: str = EPOCH) -> bool:
    return sessions.read(text, epoch, now_s) is not None


@pytest.mark.parametrize("place", [0, 1])
def test_every_instance_with_the_token_knows_it(sessions: Sessions, place: int) -> None:
    session = sessions.begin(place, NOW)
    text = session.text(EPOCH)
    assert sessions.read(text, EPOCH, NOW) == session
    assert known(Sessions([SECOND, FIRST]), text)
    assert known(Sessions([[FIRST, SECOND][place]]), text)


def test_a_token_that_is_rotated_out_takes_its_sessions_with_it(sessions: Sessions) -> None:
    text = sessions.begin(0, NOW).text(EPOCH)
    assert not known(Sessions([SECOND, "c" * 32]), text)


def test_another_log_knows_nothing_of_it(sessions: Sessions) -> None:
    assert not known(sessions, sessions.begin(0, NOW).text(EPOCH), epoch="k3fa")


def test_each_is_new_and_tells_nothing_of_the_token(sessions: Sessions) -> None:
    sent = [sessions.begin(0, NOW) for _ in range(50)]
    assert len({session.id for session in sent}) == 50
    assert len({session.csrf for session in sent}) == 50
    name, began, seen, mac = sent[0].text(EPOCH).split(".")
    assert re.fullmatch(r"[\w-]{22}", name)  # 128 bits
    assert (began, seen) == (str(NOW), str(NOW))
    assert re.fullmatch(r"[\w-]{43}", mac)  # 256 bits
    assert sent[0].csrf not in sent[0].text(EPOCH)
    assert sent[0].id not in repr(sent[0])


def test_it_ends_after_half_an_hour_of_silence(sessions: Sessions) -> None:
    text = sessions.begin(0, NOW).text(EPOCH)
    assert known(sessions, text, NOW + HALF_AN_HOUR - 1)
    assert not known(sessions, text, NOW + HALF_AN_HOUR)


def test_it_ends_after_twelve_hours_whatever_is_done(sessions: Sessions) -> None:
    session = sessions.begin(0, NOW)
    last = NOW + TWELVE_HOURS
    for now_s in range(NOW, last, HALF_AN_HOUR - 1):
        read = sessions.read(session.text(EPOCH), EPOCH, now_s)
        assert read
        session = read.seen(now_s)
    assert (session.began_s, session.ends_s, session.idle_ends_s) == (NOW, last, last)
    text = session.text(EPOCH)
    assert known(sessions, text, last - 1)
    assert not known(sessions, text, last)


def test_a_clock_may_be_ahead_by_a_minute(sessions: Sessions) -> None:
    text = sessions.begin(0, NOW).text(EPOCH)
    assert known(sessions, text, NOW - 60)
    assert not known(sessions, text, NOW - 61)


def forged(session: Session) -> list[str]:
    name, began, seen, mac = session.text(EPOCH).split(".")
    later = str(NOW + 1)
    return [
        "",
        "...",
        f"{name}.{began}.{seen}",
        f"{name}.{began}.{seen}.",
        f"{name}.{began}.{later}.{mac}",
        f"{name}.{later}.{seen}.{mac}",
        f"{'A' * 22}.{began}.{seen}.{mac}",
        f"{name}.{began}.{seen}.{'A' * 43}",
        f"{name}.{began}.{seen}.{mac}=",
        f"{name}.{began}.{seen}.{mac}\n",
        f" {name}.{began}.{seen}.{mac}",
        f"{name}.0{began}.{seen}.{mac}",
        f"{name}.{began}.{'9' * 5000}.{mac}",
        f"{name}.٣.{seen}.{mac}",
        f"{name}.{began}.{seen}.{session.csrf}",
        f"{name}.{began}.{seen}.{'é' * 43}",
    ]


def test_nothing_else_is_one(sessions: Sessions) -> None:
    session = sessions.begin(0, NOW)
    assert [text for text in forged(session) if known(sessions, text)] == []


def test_without_a_token_there_is_none(sessions: Sessions) -> None:
    assert not known(Sessions([]), sessions.begin(0, NOW).text(EPOCH))
