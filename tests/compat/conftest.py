"""The rows of the compatibility table are shared by name."""

import sys
from pathlib import Path

# Under import-mode=importlib the folder is not on the path.
sys.path.insert(0, str(Path(__file__).parent))
