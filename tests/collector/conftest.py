"""Fixtures of the collector's tests."""

from tests.servers import mosquitto, start_mosquitto

__all__ = ["mosquitto", "start_mosquitto"]
