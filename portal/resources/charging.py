"""EV-Charger: charging records, and how their chargers are."""

from collections.abc import Mapping
from typing import Final

from core.charging.listed import LISTING
from portal.presentation.status import SYSTEM, Mark
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.resources.systems import models
from portal.texts import N_

STATES: Final[Mapping[str, Mark]] = {
    "charging": Mark(N_("Not ended"), "clock", "info"),
    "ended": Mark(N_("Ended"), "circle-check", "normal"),
}


CHARGING: Final = Resource(
    id="charging",
    title=N_("EV-Charger"),
    one=N_("charging record"),
    many=N_("charging records"),
    area="charging",
    listing=LISTING,
    menu=Menu("system-maintenance", 90, icon="plug-connected"),
    intro=N_("What chargers gave out, one record for each transaction, by the charger's clock."),
    columns=(
        Column("id", N_("Number"), "code"),
        Column("sn", N_("Charger"), "code", link="/systems/{sn}"),
        Column("status", N_("State of the charger"), "mark", marks=SYSTEM),
        Column("product_id", N_("Product model"), choices=models),
        Column("connector", N_("Connector"), "code"),
        Column("state", N_("State"), "mark", marks=STATES),
        Column("started_at", N_("Started"), "time"),
        Column("ended_at", N_("Ended"), "time"),
        Column("energy", N_("Energy"), "number", unit="Wh"),
        Column("reason", N_("Why it ended")),
        Column("started_by", N_("Started by"), "code", shown=False),
        Column("stopped_by", N_("Stopped by"), "code", shown=False),
        Column("meter_start", N_("Meter at the start"), "number", unit="Wh", shown=False),
        Column("meter_stop", N_("Meter at the end"), "number", unit="Wh", shown=False),
        Column("noted_at", N_("Noted"), "time", shown=False),
    ),
    filters=(
        FilterField("sn", N_("Charger"), hint=N_("Its beginning"), first=True),
        FilterField(
            "state", choices={name: mark.word for name, mark in STATES.items()}, first=True
        ),
        FilterField("started_at", N_("Started"), first=True),
        FilterField("reason"),
    ),
    detail=False,
    zone="timezone",
    empty=Empty(
        N_("No charger has charged yet"),
        N_("A record is made when a charger tells that a transaction began."),
        "plug-connected",
    ),
)

RESOURCES: Final = (CHARGING,)
