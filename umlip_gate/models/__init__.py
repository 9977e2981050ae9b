"""Models, their environments, and the workers that run them."""
