"""Telemetry: frames as they came, the latest readings, and what could not be believed or read."""
