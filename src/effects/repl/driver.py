"""The inside of a REPL session: runs one command after the other in one namespace.

Requests come on descriptor 0, replies go to descriptor 3: a 4-byte big-endian length, then JSON. A command's nonce that arrives on descriptor 3
interrupts it. Commands see an empty standard input; descriptors 1 and 2 are theirs, and after each command both get its end mark, so that what
children or os.write put there stands in its place. Nothing that happens here is trusted. Runs on Python 3.9 and newer.
"""
import ast
import builtins
import fcntl
import importlib
import json
import linecache
import os
import select
import signal
import struct
import sys
import traceback
import types

import __future__

MARK = b'\x1ekymo-end:%s\n'
FEATURES = [getattr(__future__, name) for name in __future__.all_feature_names]
THIS_FILE = os.path.abspath(__file__)


def private(fd):
    """A copy that programs started by a command do not get."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)


def take_pipes():
    pipes = types.SimpleNamespace(requests=private(0), replies=private(3), out=private(1), err=private(2))
    os.close(3)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    close_all_but({0, 1, 2, *vars(pipes).values()})
    return pipes


def close_all_but(kept):
    """What Kymo itself inherited from whoever started it is none of a command's business."""
    try:
        names = os.listdir('/proc/self/fd')
    except OSError:
        return
    for fd in {int(name) for name in names} - kept:
        close_quietly(fd)


def close_quietly(fd):
    try:
        os.close(fd)
    except OSError:
        pass  # closed already


def close_all(pipes):
    for fd in vars(pipes).values():
        close_quietly(fd)


def listen_for_interrupts(fd):
    """What arrives on `fd` makes the kernel send SIGINT to this process and those that commands started, as ^C in a terminal would."""
    try:
        os.setpgid(0, 0)
    except OSError:
        pass  # it leads a session of its own
    if hasattr(fcntl, 'F_SETSIG') and hasattr(os, 'O_ASYNC'):
        fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGINT)
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)


def die_with_parent():
    """Where no sandbox does it: a stopped session must not outlive a Kymo that was killed."""
    try:
        import ctypes
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    except (ImportError, AttributeError, OSError):
        pass


def read_exactly(fd, count):
    parts = []
    while count > 0:
        part = os.read(fd, min(count, 1 << 20))
        if not part:
            os._exit(0)  # nobody asks any more
        parts.append(part)
        count -= len(part)
    return b''.join(parts)


def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def do_nothing(_signal, _frame):
    pass


def interrupted_early(fd, nonce):
    """True when the interrupt came before anybody listened. What is left of earlier ones is thrown away."""
    heard = b''
    while select.select([fd], [], [], 0)[0]:
        part = os.read(fd, 4096)
        if not part:
            os._exit(0)
        heard += part
    return nonce in heard


def quiet():
    """Between commands an interrupt means nothing; one that is on its way is swallowed."""
    while True:
        try:
            signal.signal(signal.SIGINT, do_nothing)
            return
        except KeyboardInterrupt:
            pass


def forget_files():
    """The workspace keeps constant times, so an edited file looks unchanged to those who go by time."""
    importlib.invalidate_caches()
    for name in [name for name in linecache.cache if not name.startswith('<command ')]:
        linecache.cache.pop(name, None)


def own_frames(tb):
    """A traceback without the frames of this file."""
    while tb is not None and tb.tb_frame.f_code.co_filename == THIS_FILE:
        tb = tb.tb_next
    return tb


class NotCode(Exception):
    """What could not be compiled; its cause says why."""


class Namespace:
    """What the commands share: a module __main__ and the features that they imported from __future__."""

    def __init__(self):
        self.main = types.ModuleType('__main__')
        self.main.__dict__['__builtins__'] = builtins
        self.flags = 0
        self.count = 0

    def compile(self, source):
        """Code objects: the statements, and if the last one is an expression, that one so that its value is shown."""
        self.count += 1
        name = f'<command {self.count}>'
        lines = source.splitlines(keepends=True)
        linecache.cache[name] = (len(source), None, lines, name)
        try:
            tree = compile(source, name, 'exec', self.flags | ast.PyCF_ONLY_AST, True)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            codes = [compile(tree, name, 'exec', self.flags, True)]
            flags = self.flags
            for feature in FEATURES:
                if codes[0].co_flags & feature.compiler_flag:
                    flags |= feature.compiler_flag
            if last is not None:
                codes.append(compile(ast.Interactive([last]), name, 'single', flags, True))
            self.flags = flags
            return codes
        except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError) as error:
            raise NotCode from error

    def run(self, source):
        for code in self.compile(source):
            exec(code, self.main.__dict__)


def report(error):
    """Writes what an interpreter would have written, without the frames of this file."""
    try:
        if isinstance(error, NotCode):
            text = ''.join(traceback.format_exception_only(type(error.__cause__), error.__cause__))
        else:
            text = ''.join(traceback.format_exception(type(error), error, own_frames(error.__traceback__)))
    except Exception:
        text = f'{type(error).__name__}, which could not be written out\n'
    flush()
    try:
        sys.stderr.write(text)
    except Exception:
        write_all(2, text.encode('utf-8', 'backslashreplace'))


def flush():
    for stream in {id(one): one for one in (sys.stdout, sys.__stdout__, sys.stderr, sys.__stderr__)}.values():
        try:
            stream.flush()
        except Exception:
            pass  # closed, or not a stream
    ctypes = sys.modules.get('ctypes')
    try:
        if ctypes is not None:
            ctypes.CDLL(None).fflush(None)  # what libraries in C have printed
    except Exception:
        pass


def leave(error):
    """sys.exit ends the command, not the session: variables are worth more than obedience."""
    code = error.code
    if code is not None and not isinstance(code, int):
        sys.stderr.write(f'{code}\n')
        code = 1
    flush()
    sys.stderr.write(f'[sys.exit({"" if code is None else code}) ended this command; the session goes on with its variables]\n')
    return 'finished' if not code else 'raised'


def execute(namespace, source, is_interrupted):
    """How the command ended: finished or raised. Whatever runs code of the command can be interrupted."""
    process = os.getpid()
    end = 'raised'
    error = None
    try:
        forget_files()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            if is_interrupted():
                raise KeyboardInterrupt
            namespace.run(source)
            end = 'finished'
        except SystemExit as caught:
            if os.getpid() != process:
                flush()
                os._exit(caught.code if isinstance(caught.code, int) else 0 if caught.code is None else 1)
            end = leave(caught)
        except BaseException as caught:
            error = caught
            report(error)
        flush()
    except BaseException as caught:
        quiet()
        report(caught)
        end = 'raised'
    quiet()
    if os.getpid() != process:
        os._exit(0 if end == 'finished' else 1)  # the child of a fork that ran to the end of the command
    return end


def serve():
    if os.environ.get('KYMO_REPL_BARE') == '1':
        die_with_parent()
    os.environ.pop('KYMO_REPL_BARE', None)
    pipes = take_pipes()
    quiet()
    listen_for_interrupts(pipes.replies)
    os.register_at_fork(after_in_child=lambda: close_all(pipes))
    namespace = Namespace()
    sys.modules['__main__'] = namespace.main
    sys.argv = ['']
    sys.path[0] = ''
    while True:
        (length,) = struct.unpack('>I', read_exactly(pipes.requests, 4))
        request = json.loads(read_exactly(pipes.requests, length))
        nonce = request['nonce'].encode()
        end = execute(namespace, request['command'], lambda: interrupted_early(pipes.replies, nonce)) if 'command' in request else 'ready'
        mark = MARK % nonce
        write_all(pipes.out, mark)
        write_all(pipes.err, mark)
        reply = json.dumps({'nonce': request['nonce'], 'end': end}).encode()
        write_all(pipes.replies, struct.pack('>I', len(reply)) + reply)


serve()
