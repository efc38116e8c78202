"""Whole items now: once for all who ask, and 304 for who has them."""

from tests.support.clock import run_virtual
from tests.support.polls import polls, told


def test_it_is_made_once_at_each_head_for_its_filters_and_fields() -> None:
    async def scene() -> None:
        async with polls() as door:
            await door.change("price:A")
            one = await door.snapshot("topics=A,B")
            assert [item["topic"] for item in told(one)["items"]] == ["price:A"]
            assert (await door.snapshot("topics=B,price:A")).body is one.body
            assert (await door.snapshot("topics=A")).body is not one.body
            assert (await door.snapshot("topics=A,B&fields=x")).body is not one.body
            await door.change("price:B")
            later = await door.snapshot("topics=A,B")
            assert [item["topic"] for item in told(later)["items"]] == ["price:A", "price:B"]

    run_virtual(scene())


def test_who_has_it_is_told_so_and_caches_may_give_it_to_others_for_a_moment() -> None:
    async def scene() -> None:
        async with polls() as door:
            place = await door.change("price:A")
            answer = await door.snapshot("topics=A")
            assert answer.headers["ETag"] == f'"{place}"'
            assert answer.headers["Cache-Control"] == "public, max-age=0, s-maxage=1"
            known = [("If-None-Match", f'"{place}"')]
            again = await door.snapshot("topics=A", known)
            assert (again.status, again.body) == (304, None)
            assert again.headers["ETag"] == f'"{place}"'
            await door.change("price:A")
            assert (await door.snapshot("topics=A", known)).status == 200

    run_virtual(scene())


def test_what_is_asked_for_with_credentials_is_nobody_else_s() -> None:
    async def scene() -> None:
        async with polls() as door:
            await door.change("price:A")
            answer = await door.snapshot("topics=A", [("Authorization", "Bearer x")])
            assert answer.headers["Cache-Control"] == "private, no-store"

    run_virtual(scene())
