"""Metrics for Prometheus, at ``/metrics``. They need the extra ``sessionscope[metrics]``."""

from sessionscope.observe.metrics.endpoint import install_metrics

__all__ = ["install_metrics"]
