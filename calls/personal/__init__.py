"""Personal data in what was said: where it is, and who is shown it.

finding.py   kinds of it, each a detector of one text; further ones by PERSONAL_DETECTORS
seeing.py    which role sees which kind in a workspace, and texts as they are shown to it
"""
