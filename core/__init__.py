"""The engine: thing model, plugin host, domains and run time. Import `thingwright` instead."""

OWNER = "thingwright"
