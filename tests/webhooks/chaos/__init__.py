"""Real processes, killed while webhooks come in."""
