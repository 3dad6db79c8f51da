"""``python -m cd22kg`` is the command line."""

from cd22kg.cli import main

main()
