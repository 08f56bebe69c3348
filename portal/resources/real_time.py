"""Real-Time Data: what chosen datapoints of chosen systems say now."""

from typing import Final

from attrs import evolve

from core.fleet.listed import LISTING
from core.fleet.search import of_systems
from core.listing.filters import Text
from portal.presentation import status
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.resources.latest_columns import LATEST, NEEDS
from portal.resources.systems import models
from portal.texts import N_

LONGEST: Final = 2_000
"""Characters that serial numbers may take up."""

REAL_TIME: Final = Resource(
    id="real-time",
    title=N_("Real-time data export"),
    one=N_("system"),
    many=N_("systems"),
    area="telemetry",
    listing=evolve(
        LISTING,
        name="real_time",
        filters=tuple(
            Text("q", "sn", fold="upper", longest=LONGEST) if each.key == "q" else each
            for each in LISTING.filters
        ),
        probes={**LISTING.probes, "q": of_systems},
    ),
    menu=Menu("communication-data", 30, icon="gauge"),
    intro=N_(
        "The newest values of chosen datapoints, each with its own age. Choose the systems by the "
        "filters and the datapoints under Columns; the address keeps both."
    ),
    columns=(
        Column("sn", N_("Serial number"), "code", link="/systems/{sn}/telemetry"),
        Column("status", N_("Status"), "mark", marks=status.SYSTEM),
        Column("last_frame_at", N_("Last communication"), "ago"),
        Column("product_id", N_("Product model"), choices=models),
        Column("name", N_("Name"), shown=False),
        Column("country", N_("Country"), shown=False),
        Column("firmware", N_("Firmware"), shown=False),
        Column("timezone", N_("Time zone"), shown=False),
    ),
    filters=(
        FilterField(
            "q", N_("Serial number"), hint=N_("A part of it, or several with | between"), first=True
        ),
        FilterField("product", N_("Product model"), choices=models, first=True),
        FilterField("country", N_("Country"), first=True),
        FilterField("status"),
        FilterField("company", N_("Company"), hint=N_("Part of its name")),
        FilterField("end_user", N_("End user"), hint=N_("How the account begins")),
        FilterField("site", N_("Site"), hint=N_("How its name begins")),
        FilterField(
            "runs",
            N_("A component runs"),
            hint=N_("As its firmware page links it: plugin:datapoint:version"),
        ),
        FilterField("post_code", hint=N_("Its beginning")),
        FilterField("installer", hint=N_("The whole name")),
        FilterField("licence", hint=N_("The whole number")),
        FilterField("grid_regulation", hint=N_("The whole name")),
    ),
    one_of=("q", "product", "country"),
    more_columns=LATEST,
    needs=NEEDS,
    detail=False,
    zone="timezone",
    refresh=5,
    empty=Empty(N_("No system fits"), icon="gauge"),
)

RESOURCES: Final = (REAL_TIME,)
