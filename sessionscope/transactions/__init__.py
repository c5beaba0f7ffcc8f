"""Units of work: their options, their commits, and when they are run again."""
