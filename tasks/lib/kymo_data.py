"""What the prepare.py of every task shares: downloads that can be resumed and are checked, generators that are the same everywhere, files with stable bytes.

A prepare.py is trusted and runs outside the sandbox, once per machine:

    from kymo_data import prepare, write_csv

    def main(request):
        rows = [...]
        write_csv(request.public / 'train.csv', ['id', 'x', 'y'], rows)
        write_csv(request.answers / 'answers.csv', ['id', 'y'], hidden)

    if __name__ == '__main__':
        prepare(main)

What it writes below `request.public` becomes the root of the agent's workspace, read-only. What it writes below `request.answers` is seen
by the evaluator and nobody else. Runs on Python 3.9 and newer, with the standard library alone (numpy only for write_npz).
"""
import base64
import csv
import hashlib
import io
import json
import os
import random
import signal
import socket
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

CHUNK = 1 << 20
TRIES = 5
SOCKET_SECONDS = 60
PROGRESS_SECONDS = 5


class CannotPrepare(Exception):
    """The data cannot be made here; the message says what to do."""


def prepare(main):
    """Runs `main(request)` and tells what was downloaded. Anything but CannotPrepare is a fault of prepare.py itself."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    fields = json.loads(sys.stdin.readline())
    if fields.get('lifeline'):
        threading.Thread(target=end_when_abandoned, daemon=True).start()
    out = os.fdopen(os.dup(1), 'w')
    # What prepare.py or a library prints is progress too.
    os.dup2(2, 1)
    request = Request(fields)
    try:
        main(request)
        reply = {'prepared': True, 'downloads': request.downloaded}
    except CannotPrepare as problem:
        reply = {'prepared': False, 'message': str(problem), 'downloads': request.downloaded}
    json.dump(reply, out)
    out.write('\n')
    out.flush()


def end_when_abandoned():
    """Whoever asked holds our stdin open; when it is gone, however it went, nobody will use what we make."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def say(text):
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


class Request:
    """What a prepare.py is given. `task`, `profile`, `seed`; folders `public`, `answers`, `downloads` and the task's own `folder`, as pathlib paths."""

    def __init__(self, fields):
        self.task = fields['task']
        self.profile = fields['profile']
        self.seed = fields['seed']
        self.public = Path(fields['public_dir'])
        self.answers = Path(fields['answers_dir'])
        self.downloads = Path(fields['download_dir'])
        self.folder = Path(fields['task_dir'])
        self.lock = fields['lock']
        self.downloaded = {}
        self.random = self.stream('')

    def stream(self, name):
        """A generator of its own for one purpose, so that a draw more in one place changes nothing in another. Use random(), randrange(), gauss()
        and the like, and round what you compute from them: then every machine makes the same bytes."""
        return random.Random(f'{self.task}/{self.profile}/{self.seed}/{name}')

    def download(self, url, name=None, headers=None, explain=None):
        """The path of a downloaded file, checked against data.lock.json. What was fetched before is used again, what was cut off is resumed.

        `explain(status)` may turn an HTTP status into a sentence of advice.
        """
        name = name or urllib.parse.urlsplit(url).path.rsplit('/', 1)[-1]
        target = self.downloads / name
        locked = self.lock.get(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not is_whole(target, locked):
            fetch(mirrored(url), target, name, locked, headers or {}, explain or (lambda status: None))
        facts = {'url': url, 'bytes': target.stat().st_size, 'sha256': file_hash(target)}
        if locked is None:
            say(f'{name}: data.lock.json does not name this file yet, so it is taken as it came (sha256 {facts["sha256"]})')
        elif facts['sha256'] != locked['sha256']:
            target.unlink()
            raise CannotPrepare(f'{name} from {url} is not the file that data.lock.json names: it has sha256 {facts["sha256"]} and {facts["bytes"]} bytes, expected were '
                                f'{locked["sha256"]} and {locked["bytes"]}. It was removed; try again, and if it stays so its publisher has changed it: '
                                f'"kymo task prepare {self.task} --profile {self.profile} --update-lock" takes the new one')
        self.downloaded[name] = facts
        return target

    def kaggle(self, slug, name=None):
        """The archive of a Kaggle competition. Needs KAGGLE_USERNAME and KAGGLE_KEY, or ~/.kaggle/kaggle.json, of an account that has accepted the rules."""
        user, key = kaggle_credentials(slug)
        token = base64.b64encode(f'{user}:{key}'.encode()).decode()
        rules = f'https://www.kaggle.com/c/{slug}/rules'
        advice = {
            401: 'Kaggle does not know this user name and key: make a new token at https://www.kaggle.com/settings',
            403: f'the account {user} has not accepted the rules of this data: read and accept them at {rules}',
            404: f'Kaggle has no competition {slug}, or it is not open to the account {user}: look at {rules}',
        }
        return self.download(f'https://www.kaggle.com/api/v1/competitions/data/download-all/{slug}', name or f'{slug}.zip', {'Authorization': f'Basic {token}'}, advice.get)

    def huggingface(self, repository, path, revision='main', kind='datasets'):
        """A file of a repository on Hugging Face; HF_TOKEN is sent where it is set. `kind` is 'datasets' or 'models'."""
        prefix = '' if kind == 'models' else f'{kind}/'
        token = os.environ.get('HF_TOKEN', '')
        page = f'https://huggingface.co/{prefix}{repository}'
        advice = dict.fromkeys((401, 403), f'this file needs an account that has accepted its terms at {page}: do that, then set HF_TOKEN to a token of https://huggingface.co/settings/tokens')
        return self.download(f'{page}/resolve/{revision}/{path}', f'{repository.replace("/", "--")}/{path}', {'Authorization': f'Bearer {token}'} if token else {}, advice.get)


def kaggle_credentials(slug):
    user, key = os.environ.get('KAGGLE_USERNAME', ''), os.environ.get('KAGGLE_KEY', '')
    if user and key:
        return user, key
    file = Path(os.environ.get('KAGGLE_CONFIG_DIR') or Path.home() / '.kaggle') / 'kaggle.json'
    try:
        token = json.loads(file.read_text())
        return token['username'], token['key']
    except (OSError, ValueError, KeyError, TypeError):
        raise CannotPrepare(f'this data comes from Kaggle and needs an account there. Accept its rules at https://www.kaggle.com/c/{slug}/rules, make a token at '
                            f'https://www.kaggle.com/settings, and set KAGGLE_USERNAME and KAGGLE_KEY or put the token into {file}') from None


def mirrored(url):
    """The same file below KYMO_DATA_MIRROR, a server laid out as HOST/PATH; for machines without the open network, and tests."""
    mirror = os.environ.get('KYMO_DATA_MIRROR', '')
    if not mirror:
        return url
    parts = urllib.parse.urlsplit(url)
    return f'{mirror.rstrip("/")}/{parts.netloc}{parts.path}' + (f'?{parts.query}' if parts.query else '')


def is_whole(path, locked):
    """True when it was fetched before. A file without a lock was renamed only when it was complete."""
    return path.is_file() and (locked is None or (path.stat().st_size == locked['bytes'] and file_hash(path) == locked['sha256']))


def file_hash(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for chunk in iter(lambda: file.read(CHUNK), b''):
            digest.update(chunk)
    return digest.hexdigest()


def fetch(url, target, name, locked, headers, explain):
    """Downloads to `target`.part, going on where an earlier try stopped, and renames what is complete."""
    part = target.with_name(target.name + '.part')
    host = urllib.parse.urlsplit(url).netloc
    expected = locked and locked['bytes']
    if expected is not None and part.exists() and part.stat().st_size >= expected:
        part.unlink()
    failed = ''
    for attempt in range(TRIES):
        if attempt:
            time.sleep(min(8, 2 ** attempt) * float(os.environ.get('KYMO_DATA_PAUSE', '1')))
            say(f'{name}: trying again ({failed})')
        try:
            if receive(url, part, name, host, expected, headers):
                os.replace(part, target)
                return
            failed = 'the connection ended early'
        except urllib.error.HTTPError as error:
            advice = explain(error.code)
            if advice is not None:
                raise CannotPrepare(f'{name} cannot be downloaded: {advice}') from error
            failed = f'{host} answered {error.code} {error.reason}'
            if error.code == 416:
                part.unlink()
            elif error.code < 500 and error.code not in (408, 425, 429):
                break
        except (urllib.error.URLError, socket.timeout, ConnectionError, TimeoutError, OSError) as error:
            if isinstance(error, OSError) and getattr(error, 'filename', None):
                raise
            failed = str(getattr(error, 'reason', error)) or type(error).__name__
    raise CannotPrepare(f'{name} cannot be downloaded from {url}: {failed}. Check that this machine reaches {host} (http_proxy and https_proxy are used), then type the same '
                        f'command again: it goes on where it stopped. Or put the file there by hand: {target}')


def receive(url, part, name, host, expected, headers):
    """Appends what is missing. True when the file is complete."""
    begun = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={'User-Agent': 'kymo', **({'Range': f'bytes={begun}-'} if begun else {})})
    for key, value in headers.items():
        # Not for the storage server that we may be sent on to.
        request.add_unredirected_header(key, value)
    with urllib.request.urlopen(request, timeout=SOCKET_SECONDS) as response:
        resumed = response.status == 206
        length = response.headers.get('Content-Length')
        have = begun if resumed else 0
        total = have + int(length) if length is not None else expected
        say(f'{name}: {"going on at " + size(have) + " of " if resumed else ""}{size(total)} from {host}')
        told = time.monotonic()
        with open(part, 'ab' if resumed else 'wb') as file:
            while True:
                chunk = response.read(CHUNK)
                if not chunk:
                    break
                file.write(chunk)
                have += len(chunk)
                if time.monotonic() - told > PROGRESS_SECONDS:
                    told = time.monotonic()
                    say(f'{name}: {size(have)} of {size(total)}')
            file.flush()
            os.fsync(file.fileno())
    return total is None or have == total


def size(count):
    if count is None:
        return 'an unknown size'
    return f'{count} bytes' if count < 1024 else f'{count / 1024:.1f} KiB' if count < 1 << 20 else f'{count / (1 << 20):.1f} MiB'


def unpack(archive, folder, wanted=lambda path: True):
    """Unpacks the regular files of a zip or tar archive whose path passes `wanted`; links, devices and paths that lead out are refused. Gives their paths."""
    folder = Path(folder)
    made = []

    def put(path, source):
        parts = Path(path).parts
        if Path(path).is_absolute() or '..' in parts:
            raise CannotPrepare(f'{Path(archive).name} holds a path that leads out of its folder: {path}')
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, 'wb') as file:
            for chunk in iter(lambda: source.read(CHUNK), b''):
                file.write(chunk)
        made.append(target)

    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for member in opened.infolist():
                if not member.is_dir() and wanted(member.filename):
                    with opened.open(member) as source:
                        put(member.filename, source)
        return made
    try:
        with tarfile.open(archive) as opened:
            for member in opened:
                if member.isfile() and wanted(member.name):
                    put(member.name, opened.extractfile(member))
    except tarfile.TarError as error:
        raise CannotPrepare(f'{Path(archive).name} is no archive that can be read: {error}. Remove it and prepare again: {archive}') from error
    return made


# ---- files with stable bytes ----

def write_text(path, text):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def write_json(path, value):
    """Sorted keys, one space of indent, a final newline."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + '\n')


def write_csv(path, header, rows):
    """Commas, newlines as \\n, quotes where they must be. Round floats yourself: what is written is their repr."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_zip(path, members):
    """An archive of {name: bytes}, stored without compression, the same bytes every time."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)


def write_npz(path, **arrays):
    """As numpy.savez, with the same bytes whatever numpy's version."""
    write_zip(path, {f'{name}.npy': npy_bytes(value) for name, value in arrays.items()})


def npy_bytes(value):
    """An array as an .npy file of version 1.0, little-endian, row by row. Never pickles."""
    import numpy as np
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise TypeError('an array of objects cannot be written without pickle')
    # ascontiguousarray would make an array of one number a list of one.
    array = array.astype(array.dtype.newbyteorder('<'), order='C', copy=False)
    shape = f'({array.shape[0]},)' if array.ndim == 1 else '(' + ', '.join(str(size) for size in array.shape) + ')'
    header = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
    header += ' ' * (-(len(header) + 11) % 64) + '\n'
    return b'\x93NUMPY\x01\x00' + len(header).to_bytes(2, 'little') + header.encode('latin1') + array.tobytes(order='C')
