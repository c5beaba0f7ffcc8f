"""The command ``python -m sessionscope new``, which makes a service from `sessionscope/template`."""
