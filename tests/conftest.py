"""Settings for all tests: quiet TensorFlow on the CPU, one thread a worker, the TensorFlow backend."""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
# One thread a process: the workers of pytest-xdist share the cores, and sums come out in the same order.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# Under import-mode=importlib the folder is not on the path; `versions` serves all tests.
sys.path.insert(0, str(Path(__file__).parent))
