"""Cuts the tables of the grid specification plugins from the project's fact tables.

Rerunnable: `python tools/derive_grid_specs.py [FOLDER OF THE FACTS]`. Rows keep their basis, source
and confidence. Two plugins are kept by hand and are not touched: vde_ar_n_4105, as_nzs_4777_2.
"""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[1]
FACTS = ROOT.parent / "shared" / "facts" / "grid"
PLUGINS = ROOT / "plugins" / "grid_specs"

FAMILIES = {
    "c10_11": ("be_c10_11_2_2",),
    "ca_rule_21": ("us_ca_rule21",),
    "cei_0_21": ("it_cei_0_21_2019", "it_cei_0_21_older"),
    "din_vde_0126": ("de_din_vde_0126_1_1_a1",),
    "eifs_2018_2": ("se_eifs_2018_2",),
    "en_50438": ("nl_eu_pl_en50438",),
    "en_50549_dk": ("dk_en50549_dk1_dk2",),
    "en_50549_pl": ("pl_pn_en_50549_1_2019",),
    "erec_g99_g98": ("gb_g99_1_6_2020", "gb_g98"),
    "heco_rule_14h": ("us_heco_rule14h_oahu_maui_hawaii", "us_heco_rule14h_molokai_lanai"),
    "ieee_1547": ("us_ieee1547_2018_cat1", "us_ieee1547_2018_cat2", "us_ieee1547_2018_cat3"),
    "nbr_16149": ("br_abnt_nbr_16149_2013",),
    "nrs_097_2_1": ("za_nrs_097_2_1_2017",),
    "pea": ("th_pea_2016",),
    "rd_1699": ("es_rd_1699_2011",),
    "tor_erzeuger": ("at_tor_erzeuger_a_1_0",),
}
"""Plugin -> the specifications that it declares, newest first."""

RECALLED = "All of it is recalled and unverified; see the document before use"
PROFILE = "As stored in a certified micro-inverter under this name"
IEEE = (
    "Default shall-trip values, against which UL 1741 SB tests; volt-watt as implemented, while "
    "the standard's lower point for category B is the larger of 20 % and the minimum power"
)
HECO = "Frequency stages only; the time of the stage uf2 is taken to equal that of of2"
DOCS = {
    "be_c10_11_2_2": RECALLED,
    "us_ca_rule21": "A micro-inverter's profile and a manual agree; the curves are recalled",
    "it_cei_0_21_2019": RECALLED,
    "it_cei_0_21_older": "As an inverter's auto-test shows them, without trip times; "
    "the S1 frequency pair is the permissive window",
    "de_din_vde_0126_1_1_a1": RECALLED,
    "se_eifs_2018_2": RECALLED,
    "nl_eu_pl_en50438": "Frequency stages only",
    "dk_en50549_dk1_dk2": RECALLED,
    "pl_pn_en_50549_1_2019": f"{PROFILE}; the sign of the last volt-var point was concluded",
    "gb_g99_1_6_2020": "A maker's profile, whose times are 0.1 s (uf1: 0.3 s) longer than the "
    "statutory ones as recalled",
    "gb_g98": "Recalled and unverified: stages are taken to equal those of G99 type A; "
    "see the document before use",
    "us_heco_rule14h_oahu_maui_hawaii": HECO,
    "us_heco_rule14h_molokai_lanai": HECO,
    "us_ieee1547_2018_cat1": IEEE,
    "us_ieee1547_2018_cat2": IEEE,
    "us_ieee1547_2018_cat3": IEEE,
    "br_abnt_nbr_16149_2013": RECALLED,
    "za_nrs_097_2_1_2017": "Recalled and unverified, and one web page names 51.5 Hz for "
    "over-frequency; see the document before use",
    "th_pea_2016": RECALLED,
    "es_rd_1699_2011": PROFILE,
    "at_tor_erzeuger_a_1_0": RECALLED,
}

CODES = {
    "pl_pn_en_50549_1_2019": (
        ("alphaess", 34),
        ("huawei", 303),
        ("livoltek", 22),
        ("solplanet_aiswei", 83),
    ),
    "es_rd_1699_2011": (("alphaess", 15),),
    "it_cei_0_21_2019": (("solplanet_aiswei", 84),),
    "za_nrs_097_2_1_2017": (("solplanet_aiswei", 94),),
    "br_abnt_nbr_16149_2013": (("huawei", 92), ("livoltek", 20), ("solplanet_aiswei", 66)),
    "se_eifs_2018_2": (("solplanet_aiswei", 87),),
    "dk_en50549_dk1_dk2": (("huawei", 311), ("huawei", 312), ("solplanet_aiswei", 102)),
}
"""Specification -> vendor codes whose label names it: by its year, or as there is one edition."""

Row = Mapping[str, str]
Cut = dict[str, str]


def main() -> None:
    facts = Path(sys.argv[1]) if len(sys.argv) > 1 else FACTS
    if not facts.is_dir():
        sys.exit(f"the fact tables are not at {facts}")
    for plugin, ids in FAMILIES.items():
        write_plugin(PLUGINS / plugin, ids, facts)


def write_plugin(folder: Path, ids: tuple[str, ...], facts: Path) -> None:
    specs = [row for row in rows(facts / "grid_specs.csv") if row["spec_id"] in ids]
    specs.sort(key=lambda row: ids.index(row["spec_id"]))
    write(folder / "specs.csv", map(spec, specs))
    write(folder / "limits.csv", map(limit, of(ids, facts / "grid_limits.csv")))
    write(folder / "parameters.csv", map(parameter, of(ids, facts / "grid_functions.csv")))
    write(folder / "curves.csv", map(point, of(ids, facts / "grid_curves.csv")))
    write(folder / "export_rules.csv", export_rules(specs, facts))
    write(folder / "vendor_codes.csv", vendor_codes(ids, facts))


def spec(row: Row) -> Cut:
    countries = dict.fromkeys(c.partition("-")[0] for c in row["country_code"].split(","))
    return {
        "id": row["spec_id"],
        "name": row["name"],
        "edition": row["edition"],
        "region": row["region"],
        "countries": ";".join(countries),
        "nominal_voltage": row["nominal_voltage_v"],
        "nominal_frequency": row["nominal_frequency_hz"],
        "confidence": row["overall_confidence"],
        "doc": DOCS[row["spec_id"]],
    }


def limit(row: Row) -> Cut:
    time, timing = timed(row)
    return {
        **{name: row[name] for name in ("spec_id", "protection", "quantity", "value", "unit")},
        "time": time,
        "timing": timing,
        **provenance(row),
    }


def timed(row: Row) -> tuple[str, str]:
    """Time and what it is; 600 s of a ten-minute stage are its window, any other time is not."""
    time, note = row["trip_time_s"], row["note"]
    ten_minutes = "10min" in row["protection"] or "10-minute average" in note
    if ten_minutes and time in ("", "600"):
        return "600", "average"
    return time, "maximum" if "maximum" in note else "delay"


def parameter(row: Row) -> Cut:
    return {
        "spec_id": row["spec_id"],
        "function": row["function"],
        "name": row["parameter"],
        "value": row["value"],
        "unit": row["unit"],
        **provenance(row),
    }


def point(row: Row) -> Cut:
    names = ("spec_id", "curve", "x", "x_unit", "y", "y_unit")
    return {**{name: row[name] for name in names}, **provenance(row)}


def provenance(row: Row) -> Cut:
    return {
        "basis": row["basis"],
        "source": source(row["source"]),
        "confidence": row["confidence"],
    }


def source(told: str) -> str:
    """The id of a source: pages and addresses go, and two that agree are named as one."""
    return "_and_".join(sorted(part.partition(":")[0].split()[0] for part in told.split(";")))


def export_rules(specs: Iterable[Row], facts: Path) -> Iterator[Cut]:
    """Rules hold for a country, so each of its specifications has them."""
    names = ("value", "unit", "relative_to", "operator", "source", "confidence")
    for row, rule in product(specs, rows(facts / "export_rules.csv")):
        countries = row["country_code"].split(",")
        if rule["country_code"] not in countries:
            continue
        note = rule["note"].replace("the user's guide", "the operations guide")
        if len(countries) > 1:
            note = f"holds in {rule['country_code']}: {note}"
        cut = {name: rule[name] for name in names}
        holds_in = rule["country_code"] if len(countries) > 1 else ""
        yield {"spec_id": row["spec_id"], **cut, "countries": holds_in, "note": note}


def vendor_codes(ids: Iterable[str], facts: Path) -> Iterator[Cut]:
    told = {(r["vendor"], int(r["code"])): r for r in rows(facts / "vendor_grid_code_enums.csv")}
    names = ("vendor", "code", "label", "source", "confidence")
    for id_ in ids:
        for key in CODES.get(id_, ()):
            yield {"spec_id": id_, **{name: told[key][name] for name in names}}


def of(ids: tuple[str, ...], path: Path) -> list[Row]:
    """Rows of these specifications in the order of `ids`, each in the order of the facts."""
    return [row for id_ in ids for row in rows(path) if row["spec_id"] == id_]


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def write(path: Path, cut: Iterable[Cut]) -> None:
    """A table, or none where it has no row."""
    table = list(cut)
    if not table:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, table[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
