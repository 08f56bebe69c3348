"""Rows of hybrid inverters as their plugins have them, and what follows from rows and values."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vector_toml import FACTS

Row = Mapping[str, str]


def table(name: str) -> list[dict[str, str]]:
    with (FACTS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def departures(row: Row) -> Iterator[Row]:
    """Times and dates by their numbers, versions as hex digits, switches as bits."""
    kind, words = row["data_type"], row["words"]
    if kind == "time" and words == "2":
        yield from split(row, "hour", "minute")
    elif kind == "datetime" and words == "6":
        yield from split(row, "year", "month", "day", "hour", "minute", "second")
    elif kind == "version":
        yield from versions({**row, "data_type": "bytes"})
    elif bit := re.search(r"'bit': (\d+)", row["note"]):
        yield {**row, "bit_mask": hex(1 << int(bit[1]))}
    else:
        yield {**row, "data_type": "uint16"} if kind == "time" else row


def versions(row: Row) -> Iterator[Row]:
    """One part per register, in the order in which the source lists them."""
    if not row["register_list"]:
        yield row
        return
    alone = {"words": "1", "register_list": "", "word_order": ""}
    for number, address in enumerate(row["register_list"].split(";"), 1):
        yield {**row, **alone, "address": address, "point": f"{row['point']}_{number}"}


def split(row: Row, *parts: str) -> Iterator[Row]:
    """A row per register, a whole number each."""
    for number, part in enumerate(parts):
        address = str(int(row["address"]) + number)
        point = f"{row['point']}_{part}"
        yield {**row, "data_type": "uint16", "words": "1", "address": address, "point": point}


def as_it_is(row: Row) -> Iterator[Row]:
    yield row


def sofar_words(row: Row) -> Iterator[Row]:
    """The twelve registers of fault bits by themselves."""
    if row["point"] != "device_fault":
        yield row
        return
    alone = {"words": "1", "data_type": "uint16", "word_order": ""}
    for n in range(12):
        yield {**row, **alone, "address": str(1029 + n), "point": f"device_fault_{n + 1}"}


def solaredge_rows(row: Row) -> Iterator[Row]:
    """One register of a 16-bit type; the battery's keys; which rows are SunSpec's."""
    departed = dict(row)
    if row["data_type"] == "uint16":
        departed |= {"words": "1", "word_order": ""}
    if row["variant"] == "battery":
        departed["point"] = "battery_" + row["point"].removeprefix("c_")
    if int(row["address"]) <= 40108:
        departed["sunspec"] = "yes"
    yield departed


def storion_rows(row: Row) -> Iterator[Row]:
    """Pairs high word first, which the fact table leaves open."""
    yield {**row, "word_order": "big"}


def deye(strings: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The sum of the powers of the strings, and versions of several registers."""

    def computed(said: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        powers = [said[key] for n in range(1, strings + 1) if (key := f"pv{n}_power") in said]
        if powers:
            found["pv_power_total"] = sum(powers)
        for board in ("control", "communication"):
            key = f"device_{board}_board_firmware_version"
            parts = [said[f"{key}_{n}"] for n in (1, 2, 3) if f"{key}_{n}" in said]
            if parts and None not in parts:
                found[key] = "-".join(parts)
        return found

    return computed


def bit_field(prefix: str) -> Callable[[str], dict[int, str]]:
    """Bit and code of a word of faults, by the table of bit fields."""
    rows = table("bitfields")
    return lambda word: {
        int(row["bit"]): row["symbol"] for row in rows if row["bitfield"] == f"{prefix}{word}"
    }


def sofar_bits(word: str) -> dict[int, str]:
    """The bits of one of the twelve words, without those that are reserved."""
    first = 16 * (int(word.removeprefix("device_fault_")) - 1)
    every = bit_field("sofar_g3_hybrid_")("device_fault")
    return {
        bit - first: code
        for bit, code in every.items()
        if first <= bit < first + 16 and "reserved" not in code
    }


def solis_bits(word: str) -> dict[int, str]:
    """The numbers of a word of faults, which are powers of two, as bits."""
    return {
        int(row["value"]).bit_length() - 1: row["symbol"]
        for row in table("enums")
        if row["enum"] == f"solis_hybrid_{word}" and int(row["value"])
    }
