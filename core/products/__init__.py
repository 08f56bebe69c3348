"""Product models that are written in the running installation: drafts, published versions."""
