"""Tariffs: what a site pays and is paid for a kWh, and what that made of its energy."""
