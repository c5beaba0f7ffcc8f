"""The command ``python -m sessionscope upgrade``, which brings a service to the version of the library that runs it."""
