"""A tariff as a file says it: what a kWh costs in each band, and when which band holds."""

from collections.abc import Mapping
from typing import Annotated

from attrs import field, frozen
from msgspec import Meta

DEAREST = 1_000_000
BAND = r"^[a-z][a-z0-9_]{0,31}$"
BANDS = 8

Price = Annotated[
    float,
    Meta(ge=0, le=DEAREST, description="In the currency per kWh, with at most four decimals"),
]
Band = Annotated[
    str, Meta(pattern=BAND, description="Name of a band: peak, shoulder, off_peak, or another")
]


@frozen
class TariffRate:
    """What a kWh costs, and what is paid for one that is fed in."""

    buy: Price
    feed_in: Price


@frozen
class TariffWindow:
    """A time of day, by the clock on the site's wall, at which one band holds."""

    start: Annotated[
        str,
        Meta(pattern=r"^([01]\d|2[0-3]):(00|30)$", description="A half hour, such as 06:30"),
    ]
    end: Annotated[
        str,
        Meta(
            pattern=r"^(([01]\d|2[0-3]):(00|30)|24:00)$",
            description="A half hour after the start, such as 09:00, and 24:00 at the latest",
        ),
    ]
    band: Band


@frozen
class TariffDocument:
    """A tariff plan. With one band only there need be no windows: then it holds all day."""

    name: Annotated[str, Meta(min_length=1, max_length=64, description="What people call it")]
    currency: Annotated[
        str, Meta(pattern=r"^[A-Z]{3}$", description="Three letters of ISO 4217, such as EUR")
    ]
    valid_from: Annotated[
        str,
        Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", description="Its first day there, such as 2027-01-31"),
    ]
    bands: Annotated[
        Mapping[Band, TariffRate], Meta(min_length=1, max_length=BANDS, description="By name")
    ]
    valid_until: Annotated[
        str,
        Meta(
            pattern=r"^(\d{4}-\d{2}-\d{2})?$",
            description="Its last day, such as 2027-12-31; empty is until further notice",
        ),
    ] = ""
    weekday: Annotated[
        tuple[TariffWindow, ...], Meta(description="Monday to Friday: together the whole day")
    ] = field(default=())
    weekend: Annotated[
        tuple[TariffWindow, ...], Meta(description="Saturday and Sunday: together the whole day")
    ] = field(default=())
