"""Draws the wiring as a picture of its own: no library, no font and no program is needed to make or to show it."""
