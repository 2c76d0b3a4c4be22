#!/usr/bin/env python
"""Django's command line, from any folder and from a bare checkout."""

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    # Appended, not put first: `platform/` must hide nothing (architecture, section 9).
    sys.path.append(str(Path(__file__).resolve().parent / "platform"))
    importlib.import_module("config.environment").choose_settings()
    importlib.import_module("tenants.management.utility").execute(sys.argv)
