"""Reads real devices by Modbus and SunSpec, publishes their frames, and carries out commands."""
