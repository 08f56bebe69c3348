"""Companies: installers, dealers and others who look after systems."""
