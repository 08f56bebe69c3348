"""How a device lays out its values in bytes, read both ways from one declaration."""
