"""Lists of rows, however many: declared once, then filtered, sorted, paged, counted, walked."""
