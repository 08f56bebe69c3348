"""`thingwright collect`: read a real system by Modbus and SunSpec, and publish what it says."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from core.host import load
from core.runtime.collector.chain import ChainError, walk
from core.runtime.collector.line import Line, Manner
from core.runtime.collector.modbus import ModbusError
from core.runtime.collector.outbox import OutboxError
from core.runtime.collector.plan import LineAddress, PolledChannel, PolledSlot, plan
from core.runtime.collector.reading import RestingError, SlotReader
from core.runtime.collector.service import Collector
from core.runtime.topics import is_serial_number
from core.site_files import KnownSite, read_site_file
from core.thing_model.command import Command
from core.thing_model.polling import register_write
from core.thing_model.problems import DecodeError
from portal.cli.processes import run, settings

FUNCTIONS = {3: "holding", 4: "input"}
FAILURES = (ModbusError, ChainError, RestingError)


@click.command()
@click.argument("site", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Explain what would be read and written.")
@click.option("--once", is_flag=True, help="Read everything once, publish nothing.")
@click.option("--print", "printed", is_flag=True, help="With --once: print the decoded values.")
@click.option("--discover", metavar="HOST[:PORT]", help="List the SunSpec models of a device.")
@click.option(
    "--broker-password",
    "named",
    metavar="SN",
    help="Print the password of a system for the broker whose credentials are kept here.",
)
@click.option("--unit", default=1, show_default=True, help="With --discover: Modbus unit id.")
def collect(
    site: Path | None,
    discover: str | None,
    named: str | None,
    unit: int,
    *,
    only_check: bool,
    once: bool,
    printed: bool,
) -> None:
    """Read the devices of SITE, a TOML file, and publish their frames until told to end."""
    if named is not None:
        click.echo(_password(named))
        return
    if discover is not None:
        run(_discover(discover, unit))
        return
    if site is None:
        raise click.UsageError("name a site file, or a device with --discover")
    known = read_site_file(site, load(settings().plugins))
    if only_check:
        for line in explained(known):
            click.echo(line)
    elif once:
        run(_once(known, printed=printed))
    else:
        try:
            run(Collector(known).run())
        except OutboxError as error:
            raise click.ClickException(str(error)) from None


def _password(sn: str) -> str:
    given = settings()
    accounts = given.credentials()
    if accounts is None:
        raise click.ClickException(
            f"no credentials are kept in {given.data}: the broker lets everybody in, or its "
            "accounts are elsewhere (THINGWRIGHT_DATA names the folder)"
        )
    if not is_serial_number(sn):
        raise click.UsageError(f"{sn!r} is not a serial number, 8 to 24 of A-Z and 0-9")
    return accounts.device_secret(sn)


def explained(known: KnownSite) -> Iterator[str]:
    """The plan in words: lines, reads, intervals, commands, and where frames go."""
    site = known.site
    yield f"{site.sn} is a {known.system.product.name} ({known.system.product.id})"
    yield f"frames go to {site.broker.url} as ess/{site.sn}/up/frame/…, kept in {known.outbox_file}"
    polled = plan(known)
    for each in polled:
        yield ""
        yield f"{each.slot}: {each.part.mounted.model} at {each.line}, unit {each.unit}"
        for channel in each.channels:
            yield f"  {channel.name:<24} every {channel.interval:>6g} s  {_reads(each, channel)}"
        yield f"  {_load(each)}"
        yield from (f"  {line}" for line in _writes(each, allowed=site.commands))
    yield from _shared(polled)


def _reads(polled: PolledSlot, channel: PolledChannel) -> str:
    if channel.read is None:
        number = channel.channel.decoder.sunspec
        return f"SunSpec model {number}, where the chain of models says"
    read = channel.read
    counts = " or ".join(map(str, read.counts))
    parts = len(read.parts(read.counts[0], polled.given.max_registers))
    cut = f" in {parts} reads" if parts > 1 else ""
    unit = "" if channel.unit == polled.unit else f", unit {channel.unit}"
    kind = FUNCTIONS.get(read.function, str(read.function))
    return f"{kind} (function {read.function}) from {read.start}, {counts} registers{cut}{unit}"


def _load(polled: PolledSlot) -> str:
    """Reads of a cycle, and how many one read for each datapoint would take."""
    every = Counter[float]()
    naive = Counter[float]()
    for channel in polled.channels:
        reads = 1
        if channel.read is not None:
            reads = len(channel.read.parts(channel.read.counts[0], polled.given.max_registers))
        every[channel.interval] += reads
        naive[channel.interval] += len(channel.channel.codec.keys)
    said = ", ".join(
        f"{every[interval]} every {interval:g} s (one for each datapoint: {naive[interval]})"
        for interval in sorted(every)
    )
    return f"reads: {said or 'none'}"


def _writes(polled: PolledSlot, *, allowed: bool) -> Iterator[str]:
    commands = polled.part.commands.values()
    if commands and not allowed:
        yield "writes nothing: commands = false"
        return
    for command in commands:
        yield f"writes on {command.name}: {_write(command)}"


def _write(command: Command) -> str:
    framing = register_write(command.writes)
    if framing is None:
        return "nothing, it is not a write of Modbus registers"
    shown = f", read back as {', '.join(command.reads_back)}" if command.reads_back else ""
    return f"function {framing.function} at {framing.address}{shown}"


def _shared(polled: tuple[PolledSlot, ...]) -> Iterator[str]:
    for line in dict.fromkeys(each.line for each in polled):
        slots = [each.slot for each in polled if each.line == line]
        if len(slots) > 1:
            yield ""
            yield f"{line} is shared by {', '.join(slots)}: they are asked one at a time"


async def _once(known: KnownSite, *, printed: bool) -> None:
    collector = Collector(known)
    failed = 0
    try:
        for reader in collector.readers.values():
            failed += await _read_once(reader, printed=printed)
    finally:
        collector.close()
    if failed:
        raise click.ClickException(f"{failed} channels could not be read")


async def _read_once(reader: SlotReader, *, printed: bool) -> int:
    failed = 0
    for channel in reader.polled.channels:
        place = f"{reader.polled.slot} {channel.name}"
        try:
            frame = await reader.frame(channel)
        except FAILURES as error:
            failed += 1
            click.echo(f"{place}: {error}", err=True)
            continue
        try:
            values = channel.channel.all_values(frame)
        except DecodeError as error:
            failed += 1
            click.echo(f"{place}: {error} in {frame.hex(' ')}", err=True)
            continue
        click.echo(f"{place}: {len(frame)} bytes, {len(values)} values")
        if printed:
            for key, value in values.items():
                _print(reader.polled, key, value)
    for note in reader.notes:
        click.echo(f"{reader.polled.slot}: {note}")
    return failed


def _print(polled: PolledSlot, key: str, value: Any) -> None:
    if value is not None:
        datapoint = polled.part.datapoints.get(key)
        click.echo(f"  {key} = {value} {datapoint.unit if datapoint else ''}".rstrip())


async def _discover(place: str, unit: int) -> None:
    host, _, port = place.partition(":")
    if port and not port.isdecimal():
        raise click.UsageError(f"{place!r} is not HOST or HOST:PORT")
    line = Line(LineAddress(host, int(port or 502)))
    try:
        found = await walk(lambda start, count: line.read(3, start, count, unit, Manner()))
    except (ModbusError, ChainError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        line.close()
    speaking = {
        decoder.sunspec: f"{plugin.name} {decoder.doc}".strip()
        for plugin in load(settings().plugins).plugins.values()
        for decoder in plugin.decoders
        if decoder.sunspec is not None
    }
    for model in found:
        known = speaking.get(model.number, "not known to any plugin, skipped")
        click.echo(f"{model.address:>6}  model {model.number:<6} {model.registers:>4}  {known}")
