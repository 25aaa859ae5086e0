"""Agents as people write them: drafts that several may edit, versions made of them, and their differences."""
