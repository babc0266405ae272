"""The diagnosis benchmark: sick runs, their repaired twins and healthy controls (see run.py)."""
