"""`thingwright schema`: the JSON Schemas in `schemas/`, generated from the types."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from core.exchange.schema_files import schema_files


@click.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 if one is stale.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("schemas"),
    show_default=True,
    help="The folder of the schemas.",
)
def schema(into: Path, *, only_check: bool) -> None:
    """Write the JSON Schemas of product files and messages, or check that they are fresh."""
    texts = schema_files()
    stale = list(_stale(texts, into))
    if only_check:
        if stale:
            listed = ", ".join(stale)
            raise click.ClickException(f"stale: {listed}; run `uv run thingwright schema`")
        return
    into.mkdir(parents=True, exist_ok=True)
    for name in stale:
        path = into / name
        if name in texts:
            path.write_text(texts[name], encoding="utf-8")
        else:
            path.unlink()
        click.echo(f"{'wrote' if name in texts else 'removed'} {path}")


def _stale(texts: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Names of files that are missing, differ, or are of no type any more."""
    for name, text in texts.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield name
    yield from sorted(p.name for p in folder.glob("*.json") if p.name not in texts)
