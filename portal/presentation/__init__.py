"""What pages show, as values: pure functions of declarations and readings, nothing of the web."""
