"""Fixtures of the runtime tests."""

from tests.servers import mosquitto, start_mosquitto

__all__ = ["mosquitto", "start_mosquitto"]
