"""Starts an evaluator or a worker under `python3 -I -B`, which looks for modules in no folder of ours: adds this one.

Usage: launch.py PROGRAM.py [arguments]
"""
import runpy
import sys
from pathlib import Path


def main():
    program = sys.argv[1]
    sys.path.append(str(Path(__file__).resolve().parent))
    sys.argv = sys.argv[1:]
    runpy.run_path(program, run_name='__main__')


if __name__ == '__main__':
    main()
