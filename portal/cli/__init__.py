"""The command line. A command's module is imported when it is run, so that `--help` is quick."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from core.thing_model.problems import DecodeError, EncodeError, ModelError

COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("portal.cli.demo:demo", "Start everything on this machine, with a simulated fleet."),
    "broker": ("portal.cli.processes:broker", "Run the embedded MQTT broker."),
    "serve": ("portal.cli.serve:serve", "Serve the portal on one port."),
    "ingest": ("portal.cli.processes:ingest", "Take frames from the broker into the database."),
    "worker": (
        "portal.cli.processes:worker",
        "Send commands, find silent systems, ask for what is missing.",
    ),
    "gateway": ("portal.cli.gateway:gateway", "Speak with devices in their own protocol: OCPP."),
    "collect": ("portal.cli.collect:collect", "Read real devices by Modbus, publish their frames."),
    "rebuild": ("portal.cli.rebuild:rebuild", "Make roll-ups anew from the stored frames."),
    "compact": ("portal.cli.compact:compact", "Compact frames of old days now, without loss."),
    "deploy-files": ("portal.cli.deploy:deploy_files", "Write units and configuration files."),
    "device": ("portal.cli.device:device", "Give devices their check codes and credentials."),
    "simulate": ("portal.cli.processes:simulation", "Speak to a broker as a fleet of devices."),
    "plugins": ("portal.cli.plugins:plugins", "List the plugins and what they declare."),
    "check": ("portal.cli.check:check", "Try whether plugins conform, and how well they prove it."),
    "decode": ("portal.cli.frames:decode", "Read one frame as a plugin does, as JSON."),
    "encode": ("portal.cli.frames:encode", "Write the frame or command that says some values."),
    "new": ("portal.cli.scaffold:new", "Make a new plugin that conforms, to start from."),
    "command": (
        "portal.cli.command:command",
        "Give, list, approve and withdraw instructions.",
    ),
    "audit": ("portal.cli.audit:audit", "Check that nobody changed the audit."),
    "user": ("portal.cli.user:user", "List, invite, lock, unlock and reset users."),
    "model": ("portal.cli.model:model", "Export, import, publish and retire product models."),
    "openapi": ("portal.cli.openapi:openapi", "Print the OpenAPI document."),
    "schema": ("portal.cli.schema:schema", "Write the JSON Schemas, or check that they are fresh."),
}
"""Command -> where it is, and what `--help` says of it."""


class Commands(click.Group):
    """A group that knows its commands from the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            raise click.UsageError(f"no command is named {args[0]!r}{near(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, (_, said) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ModelError, DecodeError, EncodeError) as error:
            raise click.ClickException(str(error)) from None


def near(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """Names like the one that is not known, as the end of a sentence."""
    found = get_close_matches(name, list(known), n=3, cutoff=0.7)
    return f"; did you mean {' or '.join(found)}?" if found else ""


@click.group("thingwright", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="thingwright")
def main() -> None:
    """A plugin-driven thing-model engine for fleets of home energy systems.

    Exit codes: 0 all is well, 1 something was found or refused, 2 wrong usage.
    """
