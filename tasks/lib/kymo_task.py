"""What evaluators share. They are trusted and run outside the sandbox: read tasks/README.md for what they are given and what they answer.

The submission is met in two ways only: as files, opened without following links and with a size cap, or through a `Worker`,
a sandboxed process on the other end of a pipe whose every byte may be a lie.
"""
import json
import os
import selectors
import signal
import stat
import subprocess
import sys
import threading
import time

from kymo_frames import BadFrame, decode_header, encode_header, header_length, payload_bytes

KEPT_STDERR = 8 * 1024
MAX_STDERR = 64 * 1024 * 1024


class Refused(Exception):
    """The submission cannot be graded: `code` is stable, the message tells its author what to change."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def grade(evaluate):
    """Runs `evaluate(request) -> {value, baseline, details?, paper?}` and prints the reply. Anything but Refused is the grader's own failure."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    request = json.loads(sys.stdin.readline())
    if request.get('lifeline'):
        threading.Thread(target=end_when_abandoned, daemon=True).start()
    out = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    try:
        result = evaluate(request)
        reply = {'graded': True, 'code': 'graded', 'message': '', 'details': {}, 'paper': [], **result}
    except Refused as refusal:
        suspect_the_sandbox(request, refusal)
        details = getattr(refusal, 'details', {})
        reply = {'graded': False, 'code': refusal.code, 'message': str(refusal), 'details': details, 'paper': getattr(refusal, 'paper', [])}
    json.dump(reply, out, allow_nan=False)
    out.write('\n')
    out.flush()


def end_when_abandoned():
    """Whoever asked holds our stdin open; when it is gone, however it went, nobody will read the answer."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def suspect_the_sandbox(request, refusal):
    """A submission is not blamed for a worker that cannot start at all: if the starter's cannot either, the grader has failed."""
    if refusal.code not in ('import_failed', 'crashed') or not request.get('starter'):
        return
    try:
        with Worker(request['starter'], 'the starter') as worker:
            worker.ready(request['limits']['start_seconds'])
    except Refused as other:
        raise RuntimeError(f'no worker can be started here: {other}') from refusal


def read_submitted(folder, path, limit=16 * 1024 * 1024):
    """Bytes of a regular file of the submission, no link followed at any level. Throws Refused('submission_missing'), or 'submission_too_large'."""
    parts = path.split('/')
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    opened = [os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
    try:
        for part in parts[:-1]:
            opened.append(os.open(part, flags | os.O_DIRECTORY, dir_fd=opened[-1]))
        opened.append(os.open(parts[-1], flags, dir_fd=opened[-1]))
        facts = os.fstat(opened[-1])
        if not stat.S_ISREG(facts.st_mode):
            raise Refused('submission_missing', f'{path} is not a regular file. Write {path} as a plain file.')
        if facts.st_size > limit:
            raise Refused('submission_too_large', f'{path} has {facts.st_size} bytes; at most {limit} are read.')
        with os.fdopen(opened.pop(), 'rb') as file:
            return file.read(limit)
    except OSError as error:
        raise Refused('submission_missing', f'{path} is missing from the workspace. The submission must contain it.') from error
    finally:
        for descriptor in opened:
            os.close(descriptor)


class Worker:
    """One sandboxed process, seen from outside. Every wait has a deadline; `with` ends it and all it started."""

    def __init__(self, command, who):
        self.who = who
        self.stderr_tail = b''
        self.stderr_total = 0
        # A session of its own, so that ending it ends whatever it started even without a sandbox.
        self.process = subprocess.Popen(command['argv'], env=command['env'], cwd=command.get('cwd'), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        bufsize=0, start_new_session=True, close_fds=True)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            os.set_blocking(pipe.fileno(), False)
            widen(pipe)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()

    def ready(self, seconds):
        """Waits until the submission has been imported. Throws Refused('import_failed' | 'timed_out' | 'protocol')."""
        header, _ = self.exchange(b'', [], seconds, 'import', 0)
        if header.get('ready') is not True:
            raise Refused('protocol', f'{self.who} sent something else than its greeting. Leave file descriptors that the script did not open alone.')

    def call(self, fields, arrays, seconds, max_bytes):
        """Sends a call with `arrays` {name: contiguous float64 array} and gives (header, payload, seconds by our clock).

        The clock starts before the first byte of the input is written and stops when the last byte of the output has been read.
        """
        head = encode_header(fields, [(name, '<f8', value.shape) for name, value in arrays.items()])
        chunks = [memoryview(value).cast('B') for value in arrays.values()]
        started = time.perf_counter()
        header, payload = self.exchange(head, chunks, seconds, 'call', max_bytes)
        elapsed = time.perf_counter() - started
        return header, payload, elapsed

    def exchange(self, head, chunks, seconds, stage, max_bytes):
        deadline = time.monotonic() + seconds
        outgoing = [chunk for chunk in (memoryview(head), *chunks) if len(chunk)]
        reader = FrameReader(max_bytes)
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not self.process.stderr.closed:
                selector.register(self.process.stderr, selectors.EVENT_READ)
            if outgoing:
                selector.register(self.process.stdin, selectors.EVENT_WRITE)
            while not (reader.complete and not outgoing):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Refused('timed_out', f'{self.who} did not {"finish importing" if stage == "import" else "answer"} within {seconds:g} s.')
                for key, _ in selector.select(left):
                    if key.fileobj is self.process.stdin:
                        self.write_some(selector, outgoing)
                    elif key.fileobj is self.process.stderr:
                        self.read_stderr(selector)
                    else:
                        self.read_some(reader, stage)
                        if reader.complete:
                            selector.unregister(self.process.stdout)
        if 'error' in reader.header:
            self.raise_reported(reader.header)
        return reader.header, reader.payload

    def write_some(self, selector, outgoing):
        try:
            while outgoing:
                written = os.write(self.process.stdin.fileno(), outgoing[0])
                outgoing[0] = outgoing[0][written:]
                if len(outgoing[0]):
                    return
                outgoing.pop(0)
        except BlockingIOError:
            return
        except BrokenPipeError:
            outgoing.clear()  # it has gone, which reading will tell
        selector.unregister(self.process.stdin)

    def read_some(self, reader, stage):
        try:
            alive = reader.read_from(self.process.stdout.fileno())
        except BadFrame as error:
            raise Refused('protocol', f'{self.who} sent {error} where its output belongs. Leave file descriptors that the script did not open alone.') from error
        if not alive and not reader.complete:
            self.raise_ended(stage)

    def read_stderr(self, selector):
        try:
            data = os.read(self.process.stderr.fileno(), 65536)
        except BlockingIOError:
            return
        if not data:
            selector.unregister(self.process.stderr)
            self.process.stderr.close()
        self.stderr_total += len(data)
        self.stderr_tail = (self.stderr_tail + data)[-KEPT_STDERR:]
        if self.stderr_total > MAX_STDERR:
            raise Refused('output_limit', f'{self.who} printed more than {MAX_STDERR} bytes while it was graded. Print less.')

    def raise_reported(self, header):
        message = str(header.get('message', ''))[:2000]
        if header['error'] == 'import':
            raise Refused('import_failed', f'{self.who} could not be imported: {message}')
        if header['error'] == 'output':
            raise Refused('wrong_output', f'{self.who} gave something that is no array of numbers: {message}')
        raise Refused('crashed', f'{self.who} failed while it was called: {message}')

    def raise_ended(self, stage):
        try:
            code = self.process.wait(2)
        except subprocess.TimeoutExpired:
            raise Refused('protocol', f'{self.who} closed the pipe its output belongs in. Leave file descriptors that the script did not open alone.') from None
        said = self.last_words()
        if stage == 'import':
            raise Refused('import_failed', f'{self.who} ended (exit code {code}) while it was imported.{said}')
        raise Refused('crashed', f'{self.who} ended (exit code {code}) while it was called.{said}')

    def last_words(self):
        pipe = self.process.stderr
        if not pipe.closed:
            try:
                self.stderr_tail = (self.stderr_tail + os.read(pipe.fileno(), 65536))[-KEPT_STDERR:]
            except BlockingIOError:
                pass
        text = self.stderr_tail.decode('utf-8', 'replace').strip()
        return f' Its last words: {text[-1500:]}' if text else ''


class FrameReader:
    """Takes one frame off a non-blocking pipe. It never holds more than the header allows and the caller expects."""

    def __init__(self, max_bytes):
        self.max_bytes = max_bytes
        self.head = bytearray()
        self.header = None
        self.payload = bytearray()
        self.filled = 0

    @property
    def complete(self):
        return self.header is not None and self.filled == len(self.payload)

    def read_from(self, descriptor):
        """Reads what is there. False when the other end has closed."""
        while not self.complete:
            try:
                if self.header is None:
                    wanted = 4 if len(self.head) < 4 else 4 + header_length(self.head[:4])
                    data = os.read(descriptor, wanted - len(self.head))
                    if not data:
                        return False
                    self.head += data
                    self.parse()
                else:
                    count = os.readv(descriptor, [memoryview(self.payload)[self.filled:]])
                    if count == 0:
                        return False
                    self.filled += count
            except BlockingIOError:
                return True
        return True

    def parse(self):
        if len(self.head) < 4:
            return
        end = 4 + header_length(self.head[:4])
        if len(self.head) < end:
            return
        header = decode_header(bytes(self.head[4:end]))
        size = payload_bytes(header)
        if size > self.max_bytes:
            raise Refused('wrong_output', f'the output has {size} bytes, more than the {self.max_bytes} that are expected.')
        self.payload = bytearray(size)
        self.header = header


def widen(pipe):
    """A bigger pipe where the system has them: fewer switches between the two processes."""
    try:
        import fcntl
        fcntl.fcntl(pipe.fileno(), 1031, 1 << 20)
    except (ImportError, OSError):
        pass
