"""`signal_runs` is shared by name: under import-mode=importlib the folder is not on the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
