"""The fleet: which systems there are and what is known of each."""
