"""Notifications: rules that remind people of faults, what is sent to whom, and what was read."""
