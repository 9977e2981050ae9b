"""One adapter per family; imported only inside a worker."""
