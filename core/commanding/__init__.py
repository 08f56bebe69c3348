"""Commanding: from a checked request to the readings that prove it was carried out."""
