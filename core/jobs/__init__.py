"""Jobs: what takes longer than a request, done by the worker, piece by piece."""
