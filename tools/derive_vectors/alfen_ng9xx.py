"""Makes the vectors of `chargers.alfen_ng9xx` from the fact table."""

import struct
from collections.abc import Iterator

from register_answers import Values, block, command, fact_rows, written
from vector_toml import faults, write

PLUGIN = "chargers.alfen_ng9xx"
ABOUT = "Made by tools/derive_vectors/alfen_ng9xx.py."
READS = {
    "voltages": (306, 6), "currents": (320, 6), "power": (344, 2), "energy": (374, 4),
    "state": (1201, 5), "max_current": (1210, 2), "phases": (1215, 1),
}  # fmt: skip
STATES = ("A", "C2", "E", "F")
ROWS = fact_rows("evse_alfen_ng9xx")


def computed(said: Values) -> Values:
    return {"faulted": int(said["mode3_state"][0] in "EF")} if "mode3_state" in said else {}


def frames() -> Iterator[str]:
    for channel, (first, count) in READS.items():
        read = block(channel, ROWS, first, count, computed=computed)
        yield from read.frames({"phases": 3}, {})
        yield from read.bad_frames()
        if channel == "state":
            for state in STATES:
                yield read.good(state.encode().ljust(2 * count, b"\0"))
        if channel == "currents":  # a charger on one phase
            yield read.good(struct.pack(">fff", 6.5, float("nan"), float("nan")))


def current(amperes: float) -> bytes:
    return written(1210, struct.pack(">f", amperes))


def phases(number: int) -> bytes:
    return written(1215, struct.pack(">H", number), function=6)


def main() -> None:
    write(PLUGIN, "values", ABOUT, list(frames()))
    write(PLUGIN, "faults", ABOUT, faults("faulted", {1: "not_available"}, bits=False))
    write(PLUGIN, "commands", ABOUT, [
        command("set_max_current", current(16), max_current=16),
        command("set_max_current", current(10.25), max_current=10.25),
        command("pause_charging", current(0)),
        command("set_phases", phases(1), phases=1),
        command("set_phases", phases(3), phases=3),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
