"""What the tests need beside Python packages: a PostgreSQL server and a Chromium; found or installed."""

import os
import sys

from setup import chromium, postgres
from setup.packages import Missing


def provision() -> None:
    """Find or install everything; refuses (`Missing`) in one line what cannot be had. Nothing is skipped."""
    if not os.environ.get(postgres.ADDRESS):
        postgres.binaries()
    chromium.provide()
    chromium.provide_chinese()


if __name__ == "__main__":
    try:
        provision()
    except Missing as missing:
        sys.exit(str(missing))
