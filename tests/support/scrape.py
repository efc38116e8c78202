"""A scrape of `/metrics`, as Prometheus reads it."""

from typing import TypeAlias

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.support.server import TOKEN

Sample: TypeAlias = tuple[str, ...]
"""A name as in the text, and the values of its labels in the order of their names."""


class Scrape(dict[Sample, float]):
    """Samples of one moment; `since` tells what was added to each that is not 0."""

    def since(self, before: "Scrape", *names: str) -> dict[Sample, float]:
        """By how much the samples of these names grew; those that did not are left out."""
        grown = {
            sample: value - before.get(sample, 0)
            for sample, value in self.items()
            if sample[0] in names
        }
        return {sample: value for sample, value in grown.items() if value}


async def scrape(session: aiohttp.ClientSession, url: str, token: str = TOKEN) -> Scrape:
    """Everything that a server tells now."""
    headers = {"Authorization": f"Bearer {token}"}
    async with session.get(f"{url}/metrics", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        families = text_string_to_metric_families(await answer.text())
    return Scrape(
        {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }
    )
