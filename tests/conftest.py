"""Fixtures every test may use. The servers behind them are started by tests/plugin.py."""
