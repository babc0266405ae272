"""The edge: thin Keras callbacks that call the rest."""
