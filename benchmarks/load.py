"""Loading 500 plugins from files: import, ask every hook, check, and compile every layout once.

The plugins are written to a temporary folder. Each has 20 datapoints, two channels, four faults and
a command. Every run is a process of its own; the first one finds no bytecode of the plugins.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from benchmarks.measure import Report, Target, arguments
from core.host import Host
from core.registry import part_of
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.product import Mounted

PLUGINS = 500

SOURCE = '''"""Inverter {n} of a benchmark."""

from thingwright import Command, Component, Datapoint, Decoder, Fault, Source, hookimpl
from thingwright.layout import i16, i32, modbus_rtu, modbus_write, registers, u16, u32

STRINGS = range(1, 5)

RUNNING = modbus_rtu(
    registers(
        {start},
        *(u16(f"vpv{{s}}", scale=0.1, absent=0xFFFF) for s in STRINGS),
        *(u16(f"ipv{{s}}", scale=0.1, absent=0xFFFF) for s in STRINGS),
        i32("battery_power"),
        i32("grid_power"),
        u16("battery_soc", absent=0xFFFF),
        i16("temperature", scale=0.1, absent=0x7FFF),
        u16("frequency", scale=0.01),
        u32("pv_energy", scale=0.1),
        u16("work_mode"),
        u32("fault_word"),
    )
)
LIMITS = modbus_rtu(registers({start} + 100, u16("export_limit"), u16("soc_min"), u16("soc_max")))
EXPORT = modbus_write(registers({start} + 100, u16("export_limit")))


@hookimpl
def declare_sources():
    yield Source("made_up", "Generated for the benchmark", "unverified")


@hookimpl
def declare_components():
    yield Component("inverter", "Inverter {n}", vendor="Benchmark")


@hookimpl
def declare_datapoints():
    for s in STRINGS:
        yield Datapoint(f"vpv{{s}}", "V", range=(0, 1000), group="PV")
        yield Datapoint(f"ipv{{s}}", "A", range=(0, 50), group="PV")
    yield Datapoint("battery_power", "W", "battery.power", positive="discharging")
    yield Datapoint("grid_power", "W", "grid.power", positive="exporting")
    yield Datapoint("battery_soc", "%", "battery.soc", range=(0, 100))
    yield Datapoint("temperature", "degC", range=(-50, 150))
    yield Datapoint("frequency", "Hz", range=(40, 70))
    yield Datapoint("pv_energy", "kWh", "pv.energy", counter="total")
    yield Datapoint("work_mode")
    yield Datapoint("fault_word")
    yield Datapoint("export_limit", "W", range=(0, 10_000), access="rw")
    yield Datapoint("soc_min", "%", range=(0, 100), access="rw")
    yield Datapoint("soc_max", "%", range=(0, 100), access="rw")
    yield Datapoint("pv1_power", "W", of=("vpv1", "ipv1"), computed=lambda v, i: v * i)


@hookimpl
def declare_decoders():
    yield Decoder("running", RUNNING, interval=10)
    yield Decoder("limits", LIMITS)


@hookimpl
def declare_faults():
    for bit, code in enumerate(("overheated", "fan_stalled", "grid_lost", "insulation")):
        yield Fault("fault_word", code, bit=bit, doc="One of four")


@hookimpl
def declare_commands():
    yield Command("set_export_limit", EXPORT, reads_back=("export_limit",))
'''


def write(folder: Path) -> None:
    for n in range(PLUGINS):
        plugin = folder / "inverters" / f"benchmark_{n}"
        plugin.mkdir(parents=True)
        (plugin / "__init__.py").write_text(SOURCE.format(n=n, start=1000 + n), encoding="utf-8")


def load(folder: Path) -> dict[str, float]:
    """Seconds by the clock of loading and of compiling what is in `folder`, CPU seconds of both."""
    started, working = perf_counter(), process_time()
    host = Host(strict=True)
    host.load_folder(folder, "folder")
    registry = host.registry()
    loaded = perf_counter()
    channels = commands = 0
    for plugin in registry.plugins.values():
        part = part_of(plugin, "inverter", Mounted(plugin.name))
        channels += len(part.channels)
        commands += len([compile_layout(command.writes) for command in part.commands.values()])
    ended = perf_counter()
    assert (channels, commands) == (2 * PLUGINS, PLUGINS)
    return {
        "load_seconds": loaded - started,
        "compile_seconds": ended - loaded,
        "seconds": ended - started,
        "cpu_seconds": process_time() - working,
    }


def in_new_process(folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", "--folder", str(folder)],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
        check=True,
        stdout=subprocess.PIPE,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    options = arguments(__doc__)
    with TemporaryDirectory() as folder:
        write(Path(folder))
        first = in_new_process(Path(folder))
        runs = [in_new_process(Path(folder)) for _ in range(5 if options.short else 15)]
    figures = {name: median(run[name] for run in runs) for name in first}
    figures |= {"first_cpu_seconds": first["cpu_seconds"], "plugins": PLUGINS}
    ratios = {"plugins_per_cpu_second": PLUGINS / figures["cpu_seconds"]}
    targets = [Target("cpu_seconds", 2, most=True), Target("first_cpu_seconds", 2, most=True)]
    Report("load", figures, ratios, targets).show(as_json=options.json)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--folder"]:
        print(json.dumps(load(Path(sys.argv[2]))))
    else:
        main()
