"""Agents as a whole: added, set up, taken out into files and in from them."""
