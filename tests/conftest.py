"""What tests of the engine share: a fresh host, the registry, plugins made on the spot."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.host import Host, load
from core.registry import Registry
from portal.cli import main

WritePlugin = Callable[..., Path]


@pytest.fixture
def host() -> Host:
    """A host without plugins."""
    return Host()


@pytest.fixture
def registry() -> Registry:
    """The built-in plugins, loaded afresh; a broken one is an error."""
    return load(strict=True)


@pytest.fixture
def write_plugin(tmp_path: Path) -> WritePlugin:
    """Write a plugin into the folder `tmp_path`: its name, its module, and further files of it."""

    def write(name: str, module: str, **files: str) -> Path:
        folder = tmp_path / Path(*name.split("."))
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(module)
        for path, text in files.items():
            file = folder / path.replace("__", "/").replace("_toml", ".toml")
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        return folder

    return write


@pytest.fixture
def scaffold(tmp_path: Path) -> Path:
    """A folder with the scaffold of a meter, `meters.acme_m1`."""
    done = CliRunner().invoke(main, ["new", "meters", "acme_m1", "--into", str(tmp_path)])
    assert done.exit_code == 0, done.output
    return tmp_path
