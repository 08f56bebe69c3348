"""The journal: what went wrong with a device, and what its own log says."""
