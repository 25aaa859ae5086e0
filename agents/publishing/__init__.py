"""Agents on their platforms: put there, guarded against what others change, kept or put back."""
