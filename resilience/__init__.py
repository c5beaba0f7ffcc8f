"""Programs that break servers while the service moves money, and check that no transfer is lost or made twice.

``python -m resilience bank``, ``failover`` and ``network`` run for minutes and write figures to docs/resilience.md.
``make resilience`` runs the same checks for some seconds each, as tests.
"""
