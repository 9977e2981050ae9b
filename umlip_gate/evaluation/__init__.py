"""A dataset view and predictions become a result; ensembles, pools, samples."""
