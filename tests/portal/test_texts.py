"""Languages: which one a reader gets, and that nothing of another is left on a page."""

import pytest

from portal.texts import SOURCE, _, chosen, speaking
from tests.portal.conftest import Site

CHINESE = "zh_Hans"


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "expected"),
    [
        (None, None, "", SOURCE),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", CHINESE),
        (None, None, "en-GB,en;q=0.9,zh;q=0.8", SOURCE),
        (None, None, "de-DE,de;q=0.9,zh-CN;q=0.3,en;q=0.1", CHINESE),
        (None, None, "zh;q=0,en", SOURCE),
        (None, None, "fr, nonsense;q=much", SOURCE),
        (None, CHINESE, "en", CHINESE),
        ("en", CHINESE, "zh", SOURCE),
        ("zh-Hans", None, "en", CHINESE),
        ("klingon", None, "", SOURCE),
        ("klingon", "romulan", "zh-SG", CHINESE),
    ],
)
def test_the_address_counts_before_the_cookie_and_that_before_the_browser(
    asked, kept, accepted, expected
):
    assert chosen(asked, kept, accepted) == expected


async def test_a_language_in_the_address_is_kept(site: Site):
    chosen_page = await site.client.get("/systems?lang=zh-Hans")
    assert chosen_page.cookies["lang"] == CHINESE
    back = await site.client.get("/systems?lang=en")
    assert back.cookies["lang"] == SOURCE
    assert "lang" not in (await site.client.get("/systems?lang=klingon")).cookies


def test_a_language_ends_with_its_request():
    with speaking(CHINESE):
        assert _("nobody marked this %(what)s", what="text") == "nobody marked this text"
    assert _("Home") == "Home"
