"""Where batches are evaluated: on this machine, or on a cluster by Dask."""
