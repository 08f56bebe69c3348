"""`python -m portal.texts`: bring the catalogues up to date; `--check` says what they lack."""

import click

from portal.texts import catalogue_file
from portal.texts.extraction import languages, update, wrong


@click.command
@click.option("--check", is_flag=True, help="Change nothing; fail where a translation is missing.")
def main(check: bool) -> None:  # noqa: FBT001  click's way
    """Bring the catalogues of the portal's languages up to date with its texts."""
    faults = 0
    for language in languages():
        if not check:
            update(language)
            click.echo(f"{catalogue_file(language)} is up to date")
        else:
            for sentence in wrong(language):
                click.echo(f"{language}: {sentence}", err=True)
                faults += 1
    if faults:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
