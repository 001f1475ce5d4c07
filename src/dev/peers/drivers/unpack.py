"""Unpacks the Python sources, and nothing else, of wheels: unpack.py FOLDER WHEEL..."""

import sys
import zipfile

folder, *wheels = sys.argv[1:]
for wheel in wheels:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.endswith(".py")])
