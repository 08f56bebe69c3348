"""What is said of a company, and the rules for it."""

import re
from collections.abc import Iterator
from typing import Final, Literal, get_args

import attrs
from attrs import frozen

from core.companies.tables import companies
from core.records import RequestError
from core.thing_model.problems import Problem

Category = Literal[
    "installer", "distributor", "retailer", "reseller", "investor", "supplier", "vpp_aggregator",
    "tenant",
]  # fmt: skip
CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)
COUNTRY_SHAPE: Final = re.compile(r"[A-Z]{2}")
MAIL_SHAPE: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
VAT_SHAPE: Final = re.compile(r"[A-Za-z0-9+*.]{8,20}")
ABN_WEIGHTS: Final = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)


@frozen
class Details:
    """What is said of a company; texts that are not known are empty."""

    name: str
    category: Category
    country: str = ""
    mail: str = ""
    contact_person: str = ""
    phone: str = ""
    region: str = ""
    city: str = ""
    address: str = ""
    post_code: str = ""
    tax_number: str = ""
    licence: str | None = None


def check(details: Details) -> None:
    """Raises RequestError with all that is wrong."""
    if problems := list(_problems(details)):
        raise RequestError(*problems)


def _problems(details: Details) -> Iterator[Problem]:
    if not details.name.strip():
        yield Problem("name", "is empty", "say what the company is called")
    if details.category not in CATEGORIES:
        what = f"{details.category!r} is not a category"
        yield Problem("category", what, f"one of {', '.join(CATEGORIES)}")
    if details.country and not COUNTRY_SHAPE.fullmatch(details.country):
        what = f"{details.country!r} is not a country"
        yield Problem("country", what, "two letters, such as DE")
    if details.mail and not MAIL_SHAPE.fullmatch(details.mail):
        yield Problem("mail", f"{details.mail!r} is not a mail address", "such as a@example.org")
    if details.licence and details.category != "installer":
        yield Problem("licence", "is for installers only", "leave it out")
    if details.tax_number and not _is_tax_number(details.country, details.tax_number):
        hint = "11 digits in Australia, elsewhere 8 to 20 letters and digits"
        yield Problem("tax_number", "is not one of its country", hint)
    for name, value in attrs.asdict(details).items():
        longest = companies.c[name].type.length  # type: ignore[attr-defined]
        if value and name != "country" and len(value) > longest:
            yield Problem(name, f"is longer than {longest} characters", "shorten it")


def _is_tax_number(country: str, number: str) -> bool:
    """An Australian ABN by its check digits, any other by its shape."""
    if country != "AU":
        return bool(VAT_SHAPE.fullmatch(number))
    digits = number.replace(" ", "")
    if not (len(digits) == len(ABN_WEIGHTS) and digits.isascii() and digits.isdigit()):
        return False
    figures = [int(digits[0]) - 1, *map(int, digits[1:])]
    return sum(w * f for w, f in zip(ABN_WEIGHTS, figures, strict=True)) % 89 == 0
