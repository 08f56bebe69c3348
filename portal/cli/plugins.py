"""`thingwright plugins`: what is loaded, and what was refused."""

import json
from pathlib import Path
from typing import Any

import click

from core.conformance import known_plugins, report
from core.registry import Registry
from portal.cli.lookup import folder_option, registry_with

_COUNTED = ("datapoints", "channels", "commands", "faults")


@click.command()
@click.option("--tier", "with_tier", is_flag=True, help="Also try how well each is proven; slower.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@folder_option
def plugins(folder: Path | None, *, with_tier: bool, as_json: bool) -> None:
    """List the plugins, what they declare, and why others could not be loaded."""
    registry = registry_with(folder)
    rows = [_row(name, registry, with_tier=with_tier) for name in known_plugins(registry)]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    _print_table([row for row in rows if row["origin"]], with_tier=with_tier)
    for row in rows:
        for problem in row["problems"]:
            click.echo(f"\n{row['plugin']} {'has a problem' if row['origin'] else 'is refused'}:")
            click.echo(f"  {problem}")


def _row(name: str, registry: Registry, *, with_tier: bool) -> dict[str, Any]:
    plugin = registry.plugins.get(name)
    row: dict[str, Any] = {
        "plugin": name,
        "origin": plugin.origin if plugin else None,
        "datapoints": len({d.key for d in plugin.datapoints}) if plugin else 0,
        "channels": len({d.channel for d in plugin.decoders}) if plugin else 0,
        "commands": len({c.name for c in plugin.commands}) if plugin else 0,
        "faults": len({f.code for f in plugin.faults}) if plugin else 0,
        "products": [product.id for product in plugin.products] if plugin else [],
        "problems": [str(p) for p in registry.problems if p.plugin == name],
    }
    return row | {"tier": report(name, registry).tier} if with_tier else row


def _print_table(rows: list[dict[str, Any]], *, with_tier: bool) -> None:
    columns = ("plugin", "origin", *_COUNTED, *(("tier",) if with_tier else ()))
    cells = [list(columns), *([str(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[n]) for line in cells) for n in range(len(columns))]
    for line in cells:
        aligned = (
            cell.rjust(width) if column in _COUNTED else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        click.echo("  ".join(aligned).rstrip())
