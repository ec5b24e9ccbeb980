"""Runs one of the peers' scripts in a peer's environment, with the models of `extra_models.py` added to the script's own.

usage: with_extra_models.py FOLDER SCRIPT [ARGUMENT…]    (FOLDER holds SCRIPT and `models.py`)
"""
import os
import runpy
import sys

own, (folder, script, *arguments) = sys.path.pop(0), sys.argv[1:]  # none of our files may stand in for a library's
sys.path.insert(0, folder)
writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
import models  # noqa: E402

sys.path.insert(0, own)
import extra_models  # noqa: E402

sys.path.remove(own)
sys.dont_write_bytecode = writes
extra_models.extend(models)
sys.argv = [script, *arguments]
runpy.run_path(os.path.join(folder, script), run_name="__main__")
