"""Settings → Connections: from a platform's account to the first delivery, and what comes after."""
