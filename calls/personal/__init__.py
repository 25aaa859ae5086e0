"""Personal data in what was said: where it is, and who is shown it.

finding.py   kinds of it, each a detector of one text; the setting PERSONAL_DETECTORS adds others
seeing.py    which role sees which kind in a workspace, and texts as they are shown to it
watching.py  the same for what goes on: parts of streams, and cards
"""
