"""The list of serial numbers: columns, filters, and whose somebody sees."""

from typing import Any, Final, get_args

from core.companies.search import COMPANY, of_company_called
from core.companies.tables import companies
from core.fleet.serial_numbers import CATEGORIES, State
from core.fleet.tables import check_codes, serial_numbers
from core.listing.filters import Choice, Flag, Text, Time
from core.listing.query import Occasion, Sort
from core.listing.tables import Listing, of_company

STATES: Final[tuple[State, ...]] = get_args(State)


def _with_code(given: bool, _: Occasion) -> Any:  # noqa: FBT001  what a flag was asked for
    known = check_codes.c.sn.is_not(None)
    return known if given else ~known


LISTING: Final = Listing(
    "serial_numbers",
    serial_numbers.outerjoin(companies, companies.c.id == serial_numbers.c.company_id).outerjoin(
        check_codes, check_codes.c.sn == serial_numbers.c.sn
    ),
    {
        **{column.name: column for column in serial_numbers.c},
        "company": companies.c.name,
        "code_issued_at": check_codes.c.issued_at,
        "provisioned_at": check_codes.c.provisioned_at,
    },
    key="sn",
    tie=serial_numbers.c.sn,
    sorts=(Sort("sn", unique=True),),
    scope=of_company(serial_numbers.c.company_id),
    filters=(
        Text("q", "sn", match="beginning", fold="upper", longest=24),
        Choice("state", choices=STATES),
        Choice("category", choices=CATEGORIES),
        COMPANY,
        Flag("check_code", "code_issued_at"),
        Time("created_at"),
        Time("activated_at"),
        Time("bound_at"),
    ),
    conditions={
        "company": of_company_called(serial_numbers.c.company_id),
        "check_code": _with_code,
    },
)
