"""Every SELECT and INSERT: repositories take a session, flush, and never commit."""
