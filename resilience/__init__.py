"""Proofs that no money is lost or doubled, whatever breaks: ``python -m resilience bank`` and ``failover``.

``make proofs`` runs the same for some seconds each; docs/proofs.md has the figures of the long runs.
"""
