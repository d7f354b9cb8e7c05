"""A board fetches the forecast of its launch, and keeps it while its live parts change."""

from datetime import UTC, datetime

import pytest
from playwright.async_api import Response, expect

from tests.api.store import manifest
from tests.browser.conftest import SignedIn, Site
from tests.launch_stories import DAY, Told, bind


def is_news(answer: Response) -> bool:
    """The live parts of a board, with something new in them."""
    return "/live?" in answer.url and answer.status == 200


@pytest.mark.slow
async def test_a_board_draws_the_forecast_and_keeps_it_when_a_gate_is_answered(
    site: Site, signed_in: SignedIn
) -> None:
    case = await site.store.approved(manifest("Night Sky Guide"))
    told = Told(site.store, "Opening of the store", datetime.now(UTC) + 120 * DAY).gating()
    bind(site.store, str(case["release"]), told.subject)  # its evidence lives 90 days
    lea = await signed_in("lea")

    await lea.goto(f"/launches/{told.subject}")
    forecast = lea.get_by_role("region", name="Promised and forecast")
    picture = forecast.locator("svg.chart")
    await expect(picture).to_be_visible()
    await expect(forecast.get_by_text("Eight in ten", exact=True)).to_be_visible()
    await picture.evaluate("(drawn) => { drawn.dataset.first = 'yes'; }")

    told.now = datetime.now(UTC)
    evidence = told.say("Published as version 7.")
    async with lea.expect_response(is_news):
        told.give("attest", "pia", {"gate": "policy_published", "evidence": evidence})
    await expect(lea.get_by_text("1 of 5 lets it pass")).to_be_visible()

    await expect(picture).to_have_attribute("data-first", "yes")
    await expect(lea.get_by_role("region", name="Promised and forecast")).to_have_count(1)


async def test_a_board_of_a_launch_with_nothing_bound_says_so_in_the_place_of_the_forecast(
    site: Site, signed_in: SignedIn
) -> None:
    told = Told(site.store, "Opening of the store", datetime.now(UTC) + 9 * DAY).gating()
    lea = await signed_in("lea")

    await lea.goto(f"/launches/{told.subject}")

    forecast = lea.get_by_role("region", name="Promised and forecast")
    await expect(forecast).to_contain_text("nothing to forecast")
    await expect(forecast.locator("svg")).to_have_count(0)
