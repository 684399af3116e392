"""`python -m vmlint`."""

from vmlint.cli import main

main()
