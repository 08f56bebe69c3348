"""Data that is taken out: what systems said and what follows from it, in files of three formats."""
