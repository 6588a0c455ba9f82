"""`python -m embedded`: the commands behind the Makefile."""

from embedded.cli import main

main()
