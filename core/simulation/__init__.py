"""Plays systems from their own declarations: a sky, a house under it, and what its devices say."""
