"""Calls of a submission whose input and output are JSON: `serve` is the worker's end in the sandbox, `ask` the evaluator's.

`Services` is the evaluator's end of the broker that serves the workers: begin() gives each input a budget of its own.
"""
import http.client
import json
import socket
import sys
import traceback

from kymo_frames import decode_header, encode_header, header_length, payload_bytes
from kymo_script import describe, load_script, private_pipes
from kymo_task import Refused


def serve(call):
    """Runs in the sandbox: imports argv[1]/argv[2] and answers each frame with `call(module, value)`, both JSON values."""
    inbox, outbox = private_pipes()

    def send(fields, raw=b''):
        outbox.write(encode_header(fields, [('text', '|u1', (len(raw),))]) + raw)
        outbox.flush()
    try:
        module = load_script(sys.argv[1], sys.argv[2])
    except BaseException as error:
        traceback.print_exc()
        send({'error': 'import', 'message': describe(error)})
        return
    send({'ready': True})
    while (given := receive(inbox)) is not None:
        try:
            answer = call(module, json.loads(given))
        except BaseException as error:
            traceback.print_exc()
            send({'error': 'call', 'message': describe(error)})
            return
        try:
            raw = json.dumps(answer).encode()
        except (TypeError, ValueError) as error:
            send({'error': 'output', 'message': describe(error)})
            return
        send({'ok': True}, raw)


def receive(inbox):
    """The bytes of one frame; None at the end."""
    prefix = inbox.read(4)
    if len(prefix) < 4:
        return None
    return inbox.read(payload_bytes(decode_header(inbox.read(header_length(prefix)))))


def ask(worker, value, seconds, max_bytes=4 * 1024 * 1024):
    """The submission's answer to one input. Throws Refused for what is no JSON value; NaN and infinity are none."""
    raw = json.dumps(value).encode()
    header = encode_header({}, [('text', '|u1', (len(raw),))])
    _, payload = worker.exchange(header, [memoryview(raw)], seconds, 'call', max_bytes)

    def no_number(text):
        raise Refused('wrong_output', f'the output holds {text}, which is no number. Leave out what is not known.')
    try:
        return json.loads(bytes(payload), parse_constant=no_number)
    except (ValueError, RecursionError):
        raise Refused('protocol', 'something else than the output was sent. Leave file descriptors that the script did not open alone.') from None


class Services:
    """The counts and budgets of what workers ask."""

    def __init__(self, request):
        self.path = request['services']['control']

    def begin(self):
        """Gives whatever is asked from now on a new budget; what was asked since the last time, as {literature: {...}, model: {...}}."""
        connection = http.client.HTTPConnection('services')
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(30)
        connection.sock.connect(self.path)
        try:
            connection.request('POST', '/begin')
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()
