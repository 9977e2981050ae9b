"""What an MD step costs: the protocol, its run inside a worker, and what is made of the times."""
