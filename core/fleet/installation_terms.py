"""What is said of an installation, and the rules for it."""

from collections.abc import Iterator
from datetime import date
from typing import Final, Literal, get_args

import attrs
from attrs import frozen

from core.fleet.tables import installations
from core.records import RequestError, printable
from core.thing_model.problems import Problem

InstallMode = Literal["", "ac", "dc", "hybrid"]
MODES: Final[tuple[InstallMode, ...]] = get_args(InstallMode)
MOST_PV: Final = 55.0
LONGEST_REMARK: Final = 2_000


@frozen
class Terms:
    """How a system was installed; texts that are not known are empty.

    installer, install_user: the company that installed it, and its fitter.
    install_mode: ac (the old PV inverter stays), dc (a hybrid inverter or batteries alone) or
    hybrid (both).
    pv_at_storage, pv_at_inverter: kWp at the storage inverter and at a PV inverter.
    """

    installed_on: date | None = None
    installer: str = ""
    install_user: str = ""
    licence: str = ""
    install_mode: InstallMode = ""
    grid_regulation: str = ""
    pv_at_storage: float | None = None
    pv_at_inverter: float | None = None
    allow_auto_update: bool = False
    installer_remark: str = ""
    reseller_remark: str = ""
    end_user_remark: str = ""


def check(terms: Terms) -> None:
    """Raises RequestError with everything that is wrong."""
    if problems := list(_problems(terms)):
        raise RequestError(*problems)


def row_of(terms: Terms) -> dict[str, object]:
    """The columns of the terms."""
    return {
        name: printable(value.strip()) if isinstance(value, str) else value
        for name, value in attrs.asdict(terms).items()
    }


def _problems(terms: Terms) -> Iterator[Problem]:
    if terms.install_mode not in MODES:
        what = f"{terms.install_mode!r} is not a mode of installation"
        yield Problem("install_mode", what, "ac, dc or hybrid")
    if terms.installer and not terms.licence:
        yield Problem("licence", "is missing", "choose the licence first, then its installer")
    for name in ("pv_at_storage", "pv_at_inverter"):
        value = getattr(terms, name)
        if value is not None and not 0 <= value <= MOST_PV:
            yield Problem(name, f"is {value} kWp", f"0 to {MOST_PV:g}")
    for name, value in attrs.asdict(terms).items():
        longest = getattr(installations.c[name].type, "length", None) or LONGEST_REMARK
        if isinstance(value, str) and name != "install_mode" and len(value) > longest:
            yield Problem(name, f"is longer than {longest} characters", "shorten it")
