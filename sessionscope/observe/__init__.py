"""What operators see of a service: its logs."""
