"""`thingwright decode` and `encode`: one frame of one plugin, in either direction."""

import json
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from core.registry import Channel, Part
from core.thing_model.fault import Fault
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import compile_layout
from core.trial import TriedValue, tried
from portal.cli.lookup import folder_option, item_named, part_named, scope_options


@click.command()
@click.argument("plugin", metavar="KIND.NAME")
@click.argument("channel")
@click.option("--hex", "hex_", help="The frame in hex; spaces do not matter.")
@click.option("--file", type=click.File("rb"), help="A file of hex or of raw bytes; - for stdin.")
@click.option("--text", help="The frame as text, such as JSON.")
@scope_options
@click.option("--show-code", is_flag=True, help="Print the generated decoder; needs no frame.")
@folder_option
def decode(
    plugin: str,
    channel: str,
    *,
    hex_: str | None,
    file: BinaryIO | None,
    text: str | None,
    variant: str,
    firmware: str,
    folder: Path | None,
    show_code: bool,
) -> None:
    """Read one frame and print its values and faults as JSON.

    Each reading has its value (null if absent), unit, raw number, and its span: first byte and byte
    after the last, or a list of spans. A value outside of its plausible range is null too, and
    stands under "implausible" with the reason.

    \b
    thingwright decode inverters.goodwe_et running --file running.hex
    thingwright decode meters.shelly_3em status --text '{"emeters": []}'
    """  # noqa: D301  \b is click's mark for lines to keep
    part = part_named(plugin, variant, firmware, folder)
    spoken = item_named(f"channel of {plugin}", channel, part.channels)
    if show_code:
        click.echo(spoken.codec.source or "# this layout is read without generated code")
        return
    data = _payload(hex_, file, text)
    click.echo(_document(*_explained(part, spoken, data)))


def _payload(hex_: str | None, file: BinaryIO | None, text: str | None) -> bytes:
    if sum(given is not None for given in (hex_, file, text)) != 1:
        raise click.UsageError("say the frame once: --hex, --file or --text")
    if text is not None:
        return text.encode()
    if file is not None:
        content = file.read()
        return _from_hex(content) or content
    if (data := _from_hex((hex_ or "").encode())) is None:
        raise click.BadParameter("it is not hex", param_hint="--hex")
    return data


def _from_hex(content: bytes) -> bytes | None:
    """The bytes that hex text stands for; None where it is not hex."""
    try:
        return bytes.fromhex(content.decode("ascii"))
    except ValueError:
        return None


def _explained(
    part: Part, channel: Channel, data: bytes
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Readings by key, and faults."""
    trial = tried(part, channel, data)
    readings = {value.key: _reading(value) for value in trial.values}
    return readings, [_fault(fault) for fault in trial.faults]


def _reading(tried: TriedValue) -> dict[str, Any]:
    spans = [list(span) for span in tried.spans]
    reading: dict[str, Any] = {
        "value": tried.value,
        "unit": tried.row.unit if tried.row else "",
        "raw": tried.raw,
        "span": spans[0] if len(spans) == 1 else spans or None,
    }
    if tried.reason:
        reading["implausible"] = {"value": tried.implausible, "reason": tried.reason}
    return reading


def _document(readings: dict[str, Any], faults: list[dict[str, str]]) -> str:
    """JSON with one reading or fault per line."""

    def said(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    lines = [f"    {said(key)}: {said(reading)}" for key, reading in readings.items()]
    raised_ = [f"    {said(fault)}" for fault in faults]
    listed = "[\n" + ",\n".join(raised_) + "\n  ]" if raised_ else "[]"
    return '{\n  "readings": {\n' + ",\n".join(lines) + f'\n  }},\n  "faults": {listed}\n}}'


def _fault(fault: Fault) -> dict[str, str]:
    return {
        "code": fault.code,
        "name": fault.name,
        "severity": fault.severity,
        "datapoint": fault.datapoint,
        "advice": fault.advice,
    }


@click.command()
@click.argument("plugin", metavar="KIND.NAME")
@click.argument("channel", metavar="CHANNEL|COMMAND")
@click.option("--values", default="{}", help='A JSON object of values by key: {"soc": 50}.')
@scope_options
@folder_option
def encode(
    plugin: str, channel: str, *, values: str, variant: str, firmware: str, folder: Path | None
) -> None:
    """Print in hex the frame of a channel, or the bytes of a command, that say some values.

    \b
    thingwright encode inverters.alphaess_smile set_charge_limit --values '{"charge_limit": 90}'
    """  # noqa: D301  \b is click's mark for lines to keep
    part = part_named(plugin, variant, firmware, folder)
    given = _values(values)
    if command := part.commands.get(channel):
        codec = compile_layout(command.writes)
        given = {**command.constants, **given}
    else:
        known = {**part.channels, **dict.fromkeys(part.commands)}
        item_named(f"channel or command of {plugin}", channel, known)
        codec = part.channels[channel].codec
    for key in given:
        item_named(f"value of {channel}", key, dict.fromkeys(codec.keys))
    click.echo(codec.encode(given).hex())


def _values(text: str) -> dict[str, Value]:
    try:
        return msgspec.json.decode(text, type=dict[str, Value])
    except msgspec.DecodeError as error:
        raise click.BadParameter(
            f"not an object of values: {error}", param_hint="--values"
        ) from None
