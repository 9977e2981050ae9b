"""All that runs inside a model's interpreter; needs Python ≥ 3.10, ASE and NumPy alone."""
