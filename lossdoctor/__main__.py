"""`python -m lossdoctor`: the same as the command `lossdoctor`."""

import sys

from lossdoctor.cli import main

if __name__ == "__main__":
    sys.exit(main())
