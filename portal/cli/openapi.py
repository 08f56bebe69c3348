"""`thingwright openapi`: the OpenAPI document of the JSON twins."""

import json

import click

from portal.openapi import document


@click.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of everything that can be read as JSON."""
    click.echo(json.dumps(document(), indent=2, ensure_ascii=False))
