"""What pages show, as plain values: pure functions of declarations and readings, no web framework."""
