"""Starts an evaluator, a worker or a prepare.py under `python3 -I -B`, which looks for modules in no folder of ours: adds this one and the program's.

Usage: launch.py PROGRAM.py [arguments]
"""
import runpy
import sys
from pathlib import Path


def main():
    program = sys.argv[1]
    sys.path += [str(Path(__file__).resolve().parent), str(Path(program).resolve().parent)]
    sys.argv = sys.argv[1:]
    runpy.run_path(program, run_name='__main__')


if __name__ == '__main__':
    main()
