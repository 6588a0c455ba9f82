"""`python -m platform_services`."""

import sys

from platform_services.command import main

if __name__ == "__main__":
    sys.exit(main())
