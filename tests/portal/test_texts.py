"""Languages: which one a reader gets, and that nothing of another is left on a page."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from portal.texts import LOCALES, SOURCE, _, catalogue_of, chosen, speaking, texts_of
from portal.texts.extraction import languages, wrong
from tests.portal import unseen
from tests.portal.conftest import Site

CHINESE = "zh_Hans"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
DEVICE = f"/systems/{unseen.SN}"
PAGES = (
    "/",
    "/systems",
    "/systems?status=offline&q=ZZ",
    DEVICE,
    f"{DEVICE}/readings",
    f"{DEVICE}/faults",
    f"{DEVICE}/commands",
    f"{DEVICE}/logs",
    f"{DEVICE}/logs?kind=repair",
    f"{DEVICE}/explain/inverter/charge",
    f"{DEVICE}/explain/inverter/mode",
    "/faults",
    "/fault-codes",
    "/data-points",
    "/inverters",
    f"/plugins/{unseen.NAME}/playground",
    "/plugins",
    f"/plugins/{unseen.NAME}",
    "/products",
    "/products/zephyr-q9",
    "/dead-letters",
    "/companies",
    "/companies/new",
    "/users",
    "/users/new",
    "/users/1",
    "/users/1/edit",
    "/audit",
    "/audit/1",
    "/nowhere",
)


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


@pytest.mark.parametrize("name", languages())
def test_every_text_of_the_portal_is_translated(name):
    assert list(wrong(name)) == []


@pytest.mark.parametrize("name", languages())
def test_translations_fill_in_what_their_texts_fill_in(name):
    for message in catalogue_of(name):
        forms = [message.id] if isinstance(message.id, str) else list(message.id)
        said = [message.string] if isinstance(message.string, str) else list(message.string)
        if message.id:
            known = {frozenset(PLACEHOLDER.findall(form)) for form in forms}
            assert {frozenset(PLACEHOLDER.findall(form)) for form in said} == known, message.id


class Said(HTMLParser):
    """Every text that the main part of a page says to its reader, seen or read out."""

    SPOKEN = ("aria-label", "title", "placeholder", "data-label", "data-done")
    UNSPOKEN = ("code", "pre", "script", "style")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.within: list[str] = []
        self.feed(html[html.index("<main") : html.index("</main>")])

    def handle_starttag(self, tag, attrs):
        if tag in self.UNSPOKEN:
            self.within.append(tag)
        self.texts += [value.strip() for name, value in attrs if name in self.SPOKEN and value]

    def handle_endtag(self, tag):
        if self.within and self.within[-1] == tag:
            self.within.pop()

    def handle_data(self, data):
        if data.strip() and not self.within:
            self.texts.append(" ".join(data.split()))


def translatable() -> re.Pattern[str]:
    """Any English text that has another in Chinese, with its places filled in."""
    different = [text for text, said in texts_of(CHINESE).items() if text != said]
    wordy = [text for text in different if re.search("[a-z]{2}", PLACEHOLDER.sub("", text))]
    return re.compile("|".join(PLACEHOLDER.sub(".+", re.escape(text)) for text in wordy))


async def test_chinese_pages_leave_nothing_in_english(site: Site):
    await site.hear(unseen.frame(), "wrong")
    english = translatable()
    left = {}
    for path in PAGES:
        answer = await site.client.get(path, headers={"accept-language": "zh-CN"})
        assert answer.status_code in (200, 404), path
        assert re.search("[\u4e00-\u9fff]", answer.text), path
        left[path] = [text for text in Said(answer.text).texts if english.fullmatch(text)]
    assert {path: texts for path, texts in left.items() if texts} == {}


async def test_twins_and_problems_for_machines_are_english_whatever_the_browser_says(site: Site):
    chinese = {"accept-language": "zh-CN"}
    for path in (f"{DEVICE}.json", "/home.csv", "/nowhere.json"):
        english = await site.client.get(path)
        assert (await site.client.get(path, headers=chinese)).text == english.text
    answer = await site.client.get("/nowhere", headers={**chinese, "accept": "application/json"})
    assert answer.json()["detail"].isascii()


TEMPLATES = sorted(LOCALES.with_name("templates").rglob("*.jinja"))
OF_DATA = re.compile(r"(?<![\w.])_\((?![\"']|each\.condition\.text, \*\*)")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_data_is_translated_by_the_filter(template: Path) -> None:
    """What `_` gives is taken for HTML as it is: it is for texts written in the template."""
    assert OF_DATA.findall(template.read_text(encoding="utf-8")) == []


async def test_the_browser_counts_ages_in_the_reader_s_language(site: Site):
    page = (await site.client.get("/", headers={"accept-language": "zh-CN"})).text
    assert 'data-ages="%(number)s 天前|' in page
    assert " s ago|now" in (await site.client.get("/", headers={"accept-language": "en"})).text
