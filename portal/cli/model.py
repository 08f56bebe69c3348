"""`thingwright model`: product models that are written in the installation, as TOML files."""

from pathlib import Path
from typing import Any

import click

from core.access import PLATFORM
from core.host import load
from core.product_files import text_of
from core.products import drafts, publishing
from core.products.changes import Change
from core.products.configured import Configured
from core.products.drafts import Draft
from core.products.publishing import ProductVersion
from core.records import RequestError
from core.registry import Registry
from core.runtime.clock import now
from core.thing_model.problems import Problem
from portal.cli.processes import settings
from portal.cli.transaction import done

MOST = 1_000_000
HERE = "here"
"""The origin of a model that is written in the installation."""


@click.group()
def model() -> None:
    """List, export, import, publish, retire and compare product models."""


@model.command("list")
def list_models() -> None:
    """Print id, newest version, origin, state and name of each model."""
    registry = _registry()

    async def found(connection: Any) -> tuple[Registry, list[Draft]]:
        configured = Configured(registry)
        await configured.refresh(connection)
        return configured.registry, await drafts.page(connection, PLATFORM, limit=MOST)

    known, here = done(found)
    own = {draft.id: draft for draft in here}
    for id_ in sorted({*known.newest, *own}):
        product, draft = known.newest.get(id_), own.get(id_)
        origin = HERE if draft else "plugin"
        version, name = (product.version, product.name) if product else ("", "")
        click.echo(f"{id_}\t{version}\t{origin}\t{_state(draft)}\t{name}")


@model.command()
@click.argument("id_", metavar="ID")
@click.option("--version", default="", help="A version, or `draft`; the newest if not given.")
def export(id_: str, version: str) -> None:
    """Print the TOML of a model as it was written."""
    registry = _registry()

    async def found(connection: Any) -> str:
        return await publishing.text_of(connection, registry, PLATFORM, id_, version)

    click.echo(done(found), nl=False)


@model.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--publish", "published", is_flag=True, help="Also publish it.")
def import_model(file: Path, *, published: bool) -> None:
    """Make FILE the draft of the model whose id it says."""
    registry, text = _registry(), text_of(file)
    id_ = _id_of(text)

    async def imported(connection: Any) -> Draft | ProductVersion:
        before = await drafts.by_id(connection, PLATFORM, id_)
        if before is None:
            draft = await drafts.create(connection, registry, PLATFORM, text, now=now())
        else:
            seen = before.version
            draft = await drafts.edit(connection, PLATFORM, id_, text, version=seen, now=now())
        return await _published(connection, registry, draft) if published else draft

    made = done(imported)
    if isinstance(made, ProductVersion):
        click.echo(f"{id_} {made.version} is published")
    else:
        click.echo(f"{id_} is a draft: publish it by thingwright model publish {id_}")


@model.command()
@click.argument("id_", metavar="ID")
def publish(id_: str) -> None:
    """Make the draft of a model its newest version; every process has it a second later."""
    registry = _registry()

    async def published(connection: Any) -> ProductVersion:
        if (draft := await drafts.by_id(connection, PLATFORM, id_)) is None:
            hint = "import it first: thingwright model import FILE"
            raise RequestError(Problem("id", f"there is no draft of {id_!r}", hint))
        return await _published(connection, registry, draft)

    click.echo(f"{id_} {done(published).version} is published")


@model.command()
@click.argument("id_", metavar="ID")
@click.option("--version", default="", help="One version alone; all of them if not given.")
def retire(id_: str, version: str) -> None:
    """Offer a model to new systems no longer; refused while systems have it."""

    async def retired(connection: Any) -> list[ProductVersion]:
        return await publishing.retire(connection, PLATFORM, id_, version, now=now())

    names = ", ".join(each.version for each in done(retired))
    click.echo(f"{id_} {names} is retired")


@model.command()
@click.argument("id_", metavar="ID")
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
def diff(id_: str, old: str, new: str) -> None:
    """Print what changed from version A to version B, each a version or `draft`."""
    registry = _registry()

    async def compared(connection: Any) -> list[Change]:
        return await publishing.compare(connection, registry, PLATFORM, id_, old=old, new=new)

    for change in done(compared):
        click.echo(str(change))


def _registry() -> Registry:
    return load(settings().plugins)


def _id_of(text: str) -> str:
    try:
        return drafts.id_of(text)
    except RequestError as error:
        raise click.ClickException(str(error)) from None


def _state(draft: Draft | None) -> str:
    """What is to be known of a model that is written here."""
    if draft is None:
        return "published"
    if not draft.published:
        return "draft"
    state = "retired" if draft.is_retired else "published"
    return f"{state}, draft differs" if draft.is_changed else state


async def _published(connection: Any, registry: Registry, draft: Draft) -> ProductVersion:
    return await publishing.publish(
        connection, registry, PLATFORM, draft.id, version=draft.version, now=now()
    )
