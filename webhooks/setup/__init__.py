"""The settings: connections, from a platform's account to the first delivery and after; and API tokens."""
