"""TensorFlow: measurement and protection inside the compiled training step, behind `hooks.Observer`."""
