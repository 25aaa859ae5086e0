#!/usr/bin/env python
"""Earshot's command line. `manage.py up` starts everything; `manage.py help` lists the rest."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036  older Pythons get a sentence, not a traceback
    sys.exit(f"Earshot needs Python 3.11 or newer; this is {sys.version.split()[0]}.")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415  the version check comes first

    from base.processes import CannotStart  # noqa: PLC0415
    from config.env import BadSetting  # noqa: PLC0415

    try:
        execute_from_command_line(sys.argv)
    except (BadSetting, CannotStart) as error:
        sys.exit(f"Earshot cannot run: {error}")


if __name__ == "__main__":
    main()
