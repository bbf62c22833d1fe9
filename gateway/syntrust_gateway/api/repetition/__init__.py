"""What a request that is repeated gets: the answer of the first one."""
