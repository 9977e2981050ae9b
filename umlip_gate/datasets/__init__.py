"""From an address to checked configurations: registry, fetch, readers, table."""
