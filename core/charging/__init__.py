"""Charging: what vehicles were given, when, to whom, and what chargers were told."""
