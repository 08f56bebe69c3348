"""Builds the portal's assets before a wheel, or the editable install of a checkout, is made."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PortalAssets(BuildHookInterface[BuilderConfig]):
    """Loads ``portal/assets.py`` by its path: importing ``portal`` would need its dependencies."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Called by hatchling before it collects the files."""
        path = Path(self.root) / "portal" / "assets.py"
        spec = spec_from_file_location("portal_assets", path)
        assert spec is not None
        assert spec.loader is not None
        assets = module_from_spec(spec)
        spec.loader.exec_module(assets)
        assets.build()
