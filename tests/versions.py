"""The versions that tests run on, where what TensorFlow or Keras itself does differs."""

from __future__ import annotations

from importlib import metadata


def installed(name: str) -> tuple[int, int]:
    """Returns major and minor version of a package, (0, 0) where it is not installed."""
    try:
        major, minor = metadata.version(name).split(".")[:2]
    except metadata.PackageNotFoundError:
        return 0, 0
    return int(major), int(minor)


KERAS, TENSORFLOW = installed("keras"), installed("tensorflow")
OLD_KERAS = KERAS < (3, 8)  # tried: 3.3 counts steps without data, and does not reset generators
