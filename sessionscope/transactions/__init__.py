"""Units of work: their transaction options, their commits, and when they are run again."""
