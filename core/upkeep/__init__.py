"""Upkeep: what runs in the background, which processes there are, and whether all is well."""
