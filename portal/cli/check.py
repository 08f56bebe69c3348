"""`thingwright check`: the conformance suite without pytest."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from core.conformance import Report, chosen_plugins, known_plugins, report
from core.plugin_archives import unpack
from core.thing_model.problems import ModelError
from portal.cli import near
from portal.cli.lookup import folder_option, registry_with

SHOWN = 20
"""Findings of a plugin that are printed for people; JSON has them all."""


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--zip",
    "archive",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A plugin without Python as a zip: unpacked where nothing in it is strange, and tried.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every finding.")
@folder_option
def check(
    names: tuple[str, ...], folder: Path | None, archive: Path | None, *, as_json: bool
) -> None:
    """Try every rule on the named plugins, on those of the folder, or on all.

    For each plugin: its tier, the mutants that its vectors catch, and where the best frame of each
    decoder comes from. Exit code 1 if anything is found.
    """
    if archive is None:
        _check(names, folder, as_json=as_json)
        return
    with TemporaryDirectory() as unpacked:
        try:
            name = unpack(archive.read_bytes(), Path(unpacked))
        except ModelError as error:
            raise click.ClickException(str(error)) from None
        _check((name,), Path(unpacked), as_json=as_json)


def _check(names: tuple[str, ...], folder: Path | None, *, as_json: bool) -> None:
    registry = registry_with(folder)
    try:
        chosen = chosen_plugins(registry, names, folder)
    except KeyError as error:
        (name,) = error.args
        hint = near(name, known_plugins(registry))
        raise click.UsageError(f"no plugin is named {name!r}{hint}") from None
    reports: list[Report] = []
    for name in chosen:
        reports.append(report(name, registry))
        if not as_json:
            _print(reports[-1])
    if as_json:
        click.echo(json.dumps([_document(r) for r in reports], indent=2, ensure_ascii=False))
    if any(found.findings for found in reports):
        raise click.exceptions.Exit(1)


def _print(found: Report) -> None:
    proof = "; ".join(f"{channel}: {origin or 'none'}" for channel, origin in found.proof.items())
    click.echo(f"{found.plugin}  {found.tier}  mutants {found.mutation}  {proof}".rstrip())
    for finding in found.findings[:SHOWN]:
        click.echo(f"  {finding}")
    if (more := len(found.findings) - SHOWN) > 0:
        click.echo(f"  … and {more} more; --json lists them all")
    for reason in found.skipped:
        click.echo(f"  skipped {reason}")


def _document(found: Report) -> dict[str, Any]:
    return {
        "plugin": found.plugin,
        "tier": found.tier,
        "mutation": {
            "made": found.mutation.made,
            "caught": found.mutation.caught,
            "survivors": list(found.mutation.survivors),
        },
        "proof": dict(found.proof),
        "findings": [
            {"rule": f.rule, "where": f.where, "what": f.what, "hint": f.hint}
            for f in found.findings
        ],
        "skipped": list(found.skipped),
    }
