"""The systems that are sold as SMILE, with what is written of their inverters.

A model that is not `smile_b3` or `smile_b3_plus` is read by the document as it stands. Registers of
a SMILE-G3-S5 and telemetry of a SMILE-T10-HV were seen; of the others only the name is public.
"""

from collections.abc import Iterable, Iterator

from thingwright import Component, Rating, hookimpl

LISTED = "cec_list_via_public_repo"
QUOTED = "installer_tool"

# variant: name, rated power in kW, phases, coupling as the list of approved batteries says
ON_THE_LIST = {
    "": ("SMILE5", 5, 1, ""),
    "smile_b3_plus": ("SMILE-B3-PLUS", 5, 1, "AC"),
    "smile_s5": ("SMILE-S5", 5, 1, "DC"),
    "smile_b5": ("SMILE-B5", 5, 1, "AC"),
    "smile_t10_hv": ("SMILE-T10-HV", 10, 3, ""),
}
FIGURES = (
    ("phases", ""),
    ("rated_power", "kW"),
    ("max_pv_power", "kW"),
    ("mppt_count", ""),
    ("max_pv_voltage", "V"),
    ("max_input_current_per_mppt", "A"),
    ("mppt_voltage_min", "V"),
    ("mppt_voltage_max", "V"),
    ("weight", "kg"),
)
# variant: name, and the figures in this order
QUOTED_FROM_A_DATASHEET = {
    "smile_g3_s3_6": ("SMILE-G3-S3.6", 1, 3.68, 7.36, 2, 580, 16, 90, 560, 19.5),
    "smile_g3_s5": ("SMILE-G3-S5", 1, 5, 10, 2, 600, 16, 90, 560, 19.5),
    "smile_g3_s8": ("SMILE-G3-S8", 1, 8, 16, 2, 600, 20, 90, 560, 22),
    "smile_g3_t10": ("SMILE-G3-T10", 3, 10, 20, 3, 1000, 16, 160, 850, 25),
    "smile_g3_t20": ("SMILE-G3-T20", 3, 20, 40, 3, 1000, 32, 200, 850, 30),
}
# variant: name; the list gives one range of power for the whole family
BY_NAME = {
    "smile_b3": "SMILE-B3",
    "smile_g3_b5": "SMILE-G3-B5",
    "smile_m5": "SMILE-M5",
    "smile_m10": "SMILE-M10",
}


@hookimpl
def declare_components() -> Iterable[Component]:
    for variant, (name, power, phases, coupling) in ON_THE_LIST.items():
        yield inverter(name, variant, listed(power, phases, coupling))
    for variant, (name, *figures) in QUOTED_FROM_A_DATASHEET.items():
        yield inverter(name, variant, quoted(figures))
    for variant, name in BY_NAME.items():
        yield inverter(name, variant, ())


def inverter(name: str, variant: str, ratings: Iterable[Rating]) -> Component:
    return Component("inverter", name, variant, vendor="AlphaESS", ratings=tuple(ratings))


def listed(power: float, phases: int, coupling: str) -> Iterator[Rating]:
    yield Rating("rated_power", power, "kW", source=LISTED, confidence="B")
    yield Rating("phases", phases, source=LISTED, confidence="B")
    if coupling:
        yield Rating("coupling", coupling, source=LISTED, confidence="B")


def quoted(figures: Iterable[float]) -> Iterator[Rating]:
    """Figures that an installer's tool quotes from a datasheet of 2025, which nobody here saw."""
    for (name, unit), value in zip(FIGURES, figures, strict=True):
        yield Rating(name, value, unit, source=QUOTED, confidence="C")
