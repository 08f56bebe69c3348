"""`python -m portal.cli`, as the supervisor starts its processes."""

from portal.cli import main

main()
