"""Every private name of another library that we rely on: one with a leading underscore, or undocumented.

Each library has a module here. `sessionscope/_compat/README.md` lists the names, and `tests/test_private_names.py`
checks that list and the rest of the library.
"""
