"""Saved views: filters, columns and order of a list, kept by a name."""
