"""libexeclog.so through ctypes: client/execlog.h, line by line."""
import ctypes as c

OK, WOULD_BLOCK, TIMEOUT, INVALID, FAILED, FORKED = range(6)
REFUSED_FN = c.CFUNCTYPE(None, c.c_uint64, c.c_char_p, c.c_char_p, c.c_void_p)


class Options(c.Structure):
    _fields_ = [("socket", c.c_char_p), ("client", c.c_char_p),
                ("producer", c.c_char_p), ("queue", c.c_size_t),
                ("nonblocking", c.c_bool), ("lazy", c.c_bool),
                ("on_refused", REFUSED_FN), ("arg", c.c_void_p),
                ("patience", c.c_int), ("cancel", c.POINTER(c.c_int))]


class Record(c.Structure):
    _fields_ = [("execution", c.c_char_p), ("task", c.c_char_p),
                ("source", c.c_char_p), ("level", c.c_int),
                ("stream", c.c_int), ("partial", c.c_int),
                ("timestamp", c.c_int64), ("has_attempt", c.c_bool),
                ("attempt", c.c_uint32), ("message", c.c_char_p),
                ("message_len", c.c_size_t), ("metadata", c.c_char_p)]


class Event(c.Structure):
    _fields_ = [("execution", c.c_char_p), ("type", c.c_char_p),
                ("timestamp", c.c_int64), ("metadata", c.c_char_p)]


class CaptureOptions(c.Structure):
    _fields_ = [("execution", c.c_char_p), ("task", c.c_char_p),
                ("source", c.c_char_p), ("has_attempt", c.c_bool),
                ("attempt", c.c_uint32), ("has_stdout", c.c_bool),
                ("has_stderr", c.c_bool), ("has_level", c.c_bool),
                ("level", c.c_int), ("has_stderr_level", c.c_bool),
                ("stderr_level", c.c_int), ("metadata", c.c_char_p)]


class StreamOptions(c.Structure):
    _fields_ = [("socket", c.c_char_p), ("client", c.c_char_p),
                ("execution", c.c_char_p), ("task", c.c_char_p),
                ("source", c.c_char_p), ("has_attempt", c.c_bool),
                ("attempt", c.c_uint32), ("stream", c.c_int),
                ("has_level", c.c_bool), ("level", c.c_int),
                ("masked", c.c_bool), ("flags", c.c_uint)]


MAY_BREAK = 1


def stream_fd(build, socket, execution, flags=MAY_BREAK, **more):
    """execlog_stream_fd: the descriptor; OSError with the reason."""
    lib = c.CDLL(str(build / "libexeclog.so"))
    reason = c.create_string_buffer(256)
    options = StreamOptions(socket=str(socket).encode(),
                            execution=execution.encode(), flags=flags,
                            **{"source": b"lib", **more})
    fd = lib.execlog_stream_fd(c.byref(options), reason)
    if fd == -1:
        raise OSError(reason.value.decode())
    return fd


class Capture:
    """Of a Handle; close returns the result."""
    def __init__(self, handle, execution, **more):
        self.lib = handle.lib
        self.lib.execlog_capture_holds.restype = c.c_bool
        self.capture = c.c_void_p()
        options = CaptureOptions(execution=execution.encode(),
                                 **{"source": b"lib", **more})
        self.opened = self.lib.execlog_capture_open(
            handle.handle, c.byref(options), c.byref(self.capture))

    def feed(self, data, stream=0):
        """The result, and how many bytes were taken."""
        taken = c.c_size_t(99)
        result = self.lib.execlog_capture_feed(
            self.capture, stream, c.c_char_p(data), c.c_size_t(len(data)),
            c.byref(taken))
        return result, taken.value

    def flush(self, stream=0):
        return self.lib.execlog_capture_flush(self.capture, stream)

    def tear(self, stream):
        return self.lib.execlog_capture_tear(self.capture, stream)

    def holds(self, stream=0):
        return self.lib.execlog_capture_holds(self.capture, stream)

    def close(self, cut=None):
        return self.lib.execlog_capture_close(self.capture, cut)

    def abandon(self):
        self.lib.execlog_capture_abandon.restype = None
        self.lib.execlog_capture_abandon(self.capture)


class Handle:
    def __init__(self, build, socket, **options):
        self.lib = c.CDLL(str(build / "libexeclog.so"))
        for name, result in (("open", c.c_void_p), ("unacked", c.c_uint64),
                             ("stored", c.c_uint64),
                             ("is_connected", c.c_bool)):
            getattr(self.lib, "execlog_" + name).restype = result
        self.refused = []
        self.hook = REFUSED_FN(lambda n, code, text, arg:
                               self.refused.append((n, code.decode())))
        reason = c.create_string_buffer(256)
        self.options = Options(socket=str(socket).encode(),
                               on_refused=self.hook, **options)
        handle = self.lib.execlog_open(c.byref(self.options), reason)
        if not handle:
            raise OSError(reason.value.decode())
        self.handle = c.c_void_p(handle)

    def log(self, execution, message, **more):
        message = message if isinstance(message, bytes) else message.encode()
        more = {k: v.encode() if isinstance(v, str) else v
                for k, v in more.items()}
        record = Record(execution=execution.encode(), message=message,
                        message_len=len(message),
                        **{"source": b"lib", "level": 1, **more})
        return self.lib.execlog_log(self.handle, c.byref(record))

    def event(self, execution, kind, metadata=None):
        event = Event(execution=execution.encode(), type=kind.encode(),
                      metadata=metadata)
        return self.lib.execlog_event(self.handle, c.byref(event))

    def capture(self, execution, **more):
        capture = Capture(self, execution, **more)
        assert capture.opened == OK
        return capture

    def mask(self, execution, value):
        value = value.encode() if isinstance(value, str) else value
        return self.lib.execlog_mask(self.handle, execution.encode(), value,
                                     c.c_size_t(len(value or b"")))

    def flush(self, timeout=20000):
        return self.lib.execlog_flush(self.handle, timeout)

    def wait_room(self, timeout=20000):
        return self.lib.execlog_wait_room(self.handle, timeout)

    def close(self, timeout=20000):
        return self.lib.execlog_close(self.handle, timeout)

    def unacked(self):
        return self.lib.execlog_unacked(self.handle)

    def stored(self):
        return self.lib.execlog_stored(self.handle)

    def is_connected(self):
        return self.lib.execlog_is_connected(self.handle)

    def reason(self):
        text = c.create_string_buffer(256)
        self.lib.execlog_reason(self.handle, text)
        return text.value.decode()
