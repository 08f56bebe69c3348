"""An ingest in a process of its own, as the command line starts it; told by the environment."""

import asyncio

from core.runtime.ingest import run_ingest
from core.runtime.settings import Settings

asyncio.run(run_ingest(Settings.from_environment()))
