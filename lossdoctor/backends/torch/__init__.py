"""The PyTorch backend: everything that imports torch. backend.py gives it out as one."""
