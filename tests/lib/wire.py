"""A client of docs/protocol.md, written from that page alone."""
import json
import socket
import struct

HELLO, LOG, LOG_JSON, EVENT, FLUSH, BYE, REQUEST = 1, 2, 3, 4, 5, 6, 0x10
OPEN, LINE, CLOSE, MASK = 7, 8, 9, 10
WELCOME, ACK, REFUSED, ERROR, OPENED = 0x81, 0x82, 0x83, 0x84, 0x85
LOG_ROW, AUDIT_ROW, NOTICE, END, STATUS = 0x90, 0x91, 0x92, 0x93, 0x94
LEVELS = ["DEBUG", "INFO", "WARN", "ERROR"]


def frame(kind, body=b""):
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    return struct.pack(">IBBH", len(body), kind, 0, 0) + body


def log_body(number, execution, message, level=1, source="test", task="",
             metadata=b"", timestamp=None, attempt=None, stream=0, partial=0):
    texts = [t.encode() if isinstance(t, str) else t
             for t in (execution, task, source, message, metadata)]
    flags = (timestamp is not None) | (attempt is not None) << 1
    head = struct.pack(">QqIBBBBBBBBII", number, timestamp or 0, attempt or 0,
                       flags, level, stream, partial, len(texts[0]),
                       len(texts[1]), len(texts[2]), 0, len(texts[3]),
                       len(texts[4]))
    return head + b"".join(texts)


def log_row(body):
    (rid, timestamp, flags) = struct.unpack(">qqB3x", body[:20])
    sizes = struct.unpack(">6I", body[20:44])
    texts, at = [], 44
    for n in sizes:
        texts.append(body[at:at + n])
        at += n
    assert at == len(body)
    return dict(id=rid, timestamp=timestamp, execution=texts[0].decode(),
                task=texts[1].decode() if flags & 1 else None,
                level=texts[2].decode(), source=texts[3].decode(),
                message=texts[4],
                metadata=json.loads(texts[5]) if flags & 2 else None,
                cut=bool(flags & 4))


def audit_row(body):
    rid, timestamp, flags, *sizes = struct.unpack(">qqB3x3I", body[:32])
    texts, at, sender = [], 32, None
    if flags & 1:
        said, received, uid, gid, pid = struct.unpack(">IqIII", body[32:56])
        sizes.append(said)
        at += 24
        sender = dict(received=received, uid=uid, gid=gid, pid=pid)
    for n in sizes:
        texts.append(body[at:at + n])
        at += n
    assert at == len(body)
    if sender:
        sender["said"] = json.loads(texts[3]) if texts[3] else None
    return dict(id=rid, sender=sender, timestamp=timestamp, execution=texts[0].decode(),
                type=texts[1].decode(), metadata=json.loads(texts[2]),
                cut=bool(flags & 4))


class Closed(Exception):
    pass


class Refused(Exception):
    pass


class Wire:
    def __init__(self, path, role=None, timeout=20, sock=None, **hello):
        self.sock = sock or socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout)
        if sock is None:
            self.sock.connect(str(path))
        self.buf = b""
        self.number = 0
        if role:
            self.send(HELLO, dict(version=1, role=role, **hello))
            kind, body = self.recv()
            if kind == ERROR:
                raise Refused(body["code"])
            assert kind == WELCOME, (kind, body)
            self.epoch = body.get("epoch")
            self.number = body.get("number", 0)

    def send(self, kind, body=b""):
        self.sock.sendall(frame(kind, body))

    def raw(self, data):
        self.sock.sendall(data)

    def read(self, n):
        while len(self.buf) < n:
            try:
                data = self.sock.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Closed(self.buf)
            self.buf += data
        data, self.buf = self.buf[:n], self.buf[n:]
        return data

    def recv(self):
        n, kind, r1, r2 = struct.unpack(">IBBH", self.read(8))
        assert r1 == 0 and r2 == 0
        body = self.read(n)
        if kind in (WELCOME, REFUSED, ERROR, OPENED, NOTICE, END, STATUS):
            body = json.loads(body)
        return kind, body

    def error(self):
        """Whatever comes, up to ERROR and the end: the error's code."""
        code = None
        try:
            while True:
                kind, body = self.recv()
                assert code is None, "a frame after ERROR"
                if kind == ERROR:
                    code = body["code"]
        except Closed:
            return code

    # producing
    def log(self, execution, message, **more):
        self.number += 1
        self.send(LOG, log_body(self.number, execution, message, **more))
        return self.number

    def event(self, execution, kind, **metadata):
        self.number += 1
        self.send(EVENT, dict(execution_id=execution, event_type=kind,
                              metadata=metadata))
        return self.number

    def open(self, capture, execution, task=None, source="test", **more):
        self.number += 1
        body = dict(capture=capture, execution_id=execution, source=source,
                    **more)
        self.send(OPEN, dict(body, task_id=task) if task is not None else body)

    def line(self, capture, message, stream=0, level=1, partial=0, size=None,
             metadata=b""):
        self.number += 1
        if size is None:
            size = len(message) + 1
        self.send(LINE, struct.pack(
            ">QqIIBBBBII", self.number, 0, capture, size, 0, level, stream,
            partial, len(message), len(metadata)) + message + metadata)

    def shut(self, capture, **more):
        self.number += 1
        self.send(CLOSE, dict(capture=capture, **more))

    def bye(self):
        self.send(BYE)

    def flush(self, number=None):
        self.send(FLUSH, struct.pack(">Q", number or self.number))

    def acked(self, number=None):
        """Wait for the ACK of number; the refusals on the way."""
        number = number or self.number
        refused = []
        while True:
            kind, body = self.recv()
            if kind == REFUSED:
                refused.append((body["number"], body["code"]))
            elif kind == ACK:
                if struct.unpack(">Q", body)[0] >= number:
                    return refused
            else:
                raise AssertionError((kind, body))

    def sync(self):
        self.flush()
        return self.acked()

    # reading
    def ask(self, **request):
        self.send(REQUEST, request)

    def rows(self):
        """All rows up to END, and END."""
        rows = []
        while True:
            kind, body = self.recv()
            if kind == LOG_ROW:
                rows.append(log_row(body))
            elif kind == AUDIT_ROW:
                rows.append(audit_row(body))
            elif kind == END:
                return rows, body
            else:
                assert kind == NOTICE, (kind, body)

    def live(self):
        """The stored rows of a follow, up to NOTICE live."""
        rows = []
        while True:
            kind, body = self.recv()
            if kind == LOG_ROW:
                rows.append(log_row(body))
            else:
                assert kind == NOTICE, (kind, body)
                if body["notice"] == "live":
                    return rows

    def status(self):
        self.ask(kind="status")
        kind, body = self.recv()
        assert kind == STATUS
        return body

    def close(self):
        self.sock.close()
