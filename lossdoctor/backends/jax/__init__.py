"""The JAX backend: everything that imports jax. backend.py gives it out as one."""
