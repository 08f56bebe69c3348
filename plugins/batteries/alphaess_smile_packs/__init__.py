"""Packs that SMILE systems carry: ratings only, heard through the inverter.

Capacities are those of the Clean Energy Council's list of approved batteries, per pack.
"""

from collections.abc import Iterable, Iterator

from thingwright import Component, Rating, Source, hookimpl

# variant: name, nominal kWh, usable kWh, most packs on the list
LISTED = {
    "smile_b3_plus": ("SMILE-B3-PLUS", 5.04, 4.79, 6),
    "smile_s5": ("SMILE-S5", 5.04, 4.79, 6),
    "smile_b5": ("SMILE-B5", 5.04, 4.79, 6),
    "smile_bat_5p": ("SMILE-BAT-5P", 5.04, 4.79, 1),
    "smile_bat_10_1p": ("SMILE-BAT-10.1P", 10.08, 9.07, 1),
    "smile_bat_13_3p": ("SMILE-BAT-13.3P", 13.34, 13.34, 1),
    "smile_bat_14p": ("SMILE-BAT-14P", 13.99, 13.99, 5),
    "smile_bat_15p": ("SMILE-BAT-15P", 15.07, 15.07, 5),
    "smile_bat_8_2_ph": ("SMILE-BAT-8.2 PH", 8.2, 7.8, 6),
    "smile_g3_bat_4_0s": ("SMILE-G3-BAT-4.0S", 4.0, 3.8, 1),
    "smile_g3_bat_9_3s": ("SMILE-G3-BAT-9.3S", 9.3, 9.3, 6),  # 5 and 6 at three phases only
    "smile_g3_bat_10_1p": ("SMILE-G3-BAT-10.1P", 10.1, 9.6, 6),
    "smile_m_bat_5p": ("SMILE-M-BAT-5P", 5.0, 5.0, 6),
    "smile_m_bat_13_9p": ("SMILE-M-BAT-13.9P", 13.99, 13.99, 4),
    "stax_m38314": ("M38314", 12.05, 10.85, 8),
}
# variant: name; no figure is public
UNLISTED = {"smile5_bat": "SMILE5-BAT", "smile_bat_5_8p": "SMILE-BAT-5.8P"}


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source("cec_list_via_public_repo", "CEC approved battery list, AlphaESS rows", "B")
    yield Source(
        "alpha2mqtt",
        "Register dump of a SMILE-B3",
        "B",
        "github.com/dxoverdy/Alpha2MQTT at febfd78d",
        "GPL-3.0, facts only",
    )
    yield Source(
        "tidalvirus_capture",
        "Traffic of a SMILE5 in Australia with its server",
        "B",
        "github.com/tidalvirus/alphaess-server at dcacf455",
        "no licence file, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    for variant, (name, nominal, usable, packs) in LISTED.items():
        ratings = tuple(listed(nominal, usable, packs))
        if variant == "smile_bat_10_1p":
            ratings += (Rating("charge_power_seen", 5050, "W", source="tidalvirus_capture"),)
        yield Component("battery", name, variant, vendor="AlphaESS", ratings=ratings)
    yield Component(
        "battery",
        "M4856-P",
        "m4856_p",
        vendor="AlphaESS",
        ratings=(
            Rating("capacity_of_four_packs", 11.4, "kWh", source="alpha2mqtt"),
            Rating("charge_cutoff_voltage", 57.6, "V", source="alpha2mqtt"),
            Rating("discharge_cutoff_voltage", 48.0, "V", source="alpha2mqtt"),
        ),
    )
    for variant, name in UNLISTED.items():
        yield Component("battery", name, variant, vendor="AlphaESS", doc="No figure is public")


def listed(nominal: float, usable: float, packs: int) -> Iterator[Rating]:
    source = "cec_list_via_public_repo"
    yield Rating("nominal_capacity", nominal, "kWh", source=source, confidence="B")
    yield Rating("usable_capacity", usable, "kWh", source=source, confidence="B")
    yield Rating("packs_at_most", packs, source=source, confidence="B")
