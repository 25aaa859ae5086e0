"""The servers `manage.py up` starts when nobody gave it others: PostgreSQL and Redis, from PyPI's wheels."""
