"""Agents as people see them: the list, and the editor of one."""
