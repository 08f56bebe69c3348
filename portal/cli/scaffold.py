"""`thingwright new`: a plugin that conforms from its first minute."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

import click

import plugins
from core.plugin import KINDS

TEMPLATES = Path(__file__).with_name("scaffolds")
_COMPONENTS: Mapping[str, str] = {
    "inverters": "inverter",
    "batteries": "battery",
    "meters": "meter",
    "chargers": "charger",
    "wifi": "wifi",
}
_OTHERS: Mapping[str, str] = {"grid_specs": "grid_spec", "functions": "function"}


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("plugins"),
    show_default=True,
    help="The folder that holds plugins as kind/name.",
)
def new(kind: str, name: str, into: Path) -> None:
    """Make the plugin KIND.NAME with one of everything, and vectors that prove it.

    NAME is the vendor and model in lower case, such as acme_m1.
    """
    if not name.isidentifier() or name != name.lower():
        hint = "lower-case letters, digits and _, such as acme_m1"
        raise click.BadParameter(f"{name!r} is no name for a plugin: {hint}", param_hint="NAME")
    target = into / kind / name
    if target.exists():
        raise click.ClickException(f"{target} is there already")
    built_in = into.resolve() in map(Path, map(str, plugins.__path__))
    words = {
        "kind": kind,
        "name": name,
        "label": name.replace("_", " ").title(),
        "component": _COMPONENTS.get(kind, ""),
        "folder": "" if built_in else f" --folder {into}",
    }
    for path in _written(TEMPLATES / _OTHERS.get(kind, "device"), target, words):
        click.echo(f"wrote {path}")
    click.echo(f"\nTry: thingwright check {kind}.{name}{words['folder']}")


def _written(template: Path, target: Path, words: Mapping[str, str]) -> list[Path]:
    """The files of a template, its words filled in, in a folder of the plugin's own."""
    written: list[Path] = []
    for source in sorted(template.rglob("*.txt")):
        path = target / source.relative_to(template).with_suffix("")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = Template(source.read_text(encoding="utf-8")).substitute(words)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
