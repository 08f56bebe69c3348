"""Fixtures of the runtime tests."""

from tests.servers import mosquitto, nats_server, start_mosquitto, start_nats_server

__all__ = ["mosquitto", "nats_server", "start_mosquitto", "start_nats_server"]
