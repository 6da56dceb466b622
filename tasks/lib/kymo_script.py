"""How a worker takes a submission in: its script imported, the evaluator's pipes out of its way. Standard library only."""
import importlib.util
import os
import sys


def load_script(folder, script):
    """Imports `script` as a module, so that what stands under `if __name__ == '__main__'` does not run."""
    os.chdir(folder)
    sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location('submission', os.path.join(folder, script))
    module = importlib.util.module_from_spec(spec)
    sys.modules['submission'] = module
    spec.loader.exec_module(module)
    return module


def private_pipes():
    """The evaluator's pipes as files of our own. What the script prints goes to stderr, what it reads is empty."""
    inbox, outbox = os.fdopen(os.dup(0), 'rb'), os.fdopen(os.dup(1), 'wb')
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    return inbox, outbox


def describe(error):
    return f'{type(error).__name__}: {error}'[:2000]
