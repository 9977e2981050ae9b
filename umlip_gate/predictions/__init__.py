"""What a model predicts for a dataset: identity, store, and where it comes from."""
