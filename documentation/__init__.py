"""Builds the documentation: pages that are made of other files, for MkDocs, and the reference of the settings."""
