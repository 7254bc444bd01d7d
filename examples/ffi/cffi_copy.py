# SPDX-License-Identifier: MIT OR Apache-2.0
"""Copies a file through cffi: python3 cffi_copy.py INPUT OUTPUT [MOST]; more than MOST bytes are an error."""

import errno
import os
import sys
from cffi import FFI

ffi = FFI()
ffi.cdef("""
    struct zs_result {
        uint64_t bytes, in_flight, copied, holes;
        uint32_t via, side; int32_t error; uint32_t refused; int32_t refusal; uint32_t index, spare[2];
    };
    struct zs_options {
        uint32_t size, flags; int64_t timeout_ns, idle_ns; int32_t cancel_fd; uint32_t avoid;
        int (*progress)(void *context, const struct zs_result *so_far);
        void *context; int64_t half_idle_ns; uint64_t rate;
    };
    #define ZS_TO_END 0xffffffffffffffff
    #define ZS_INTERRUPT 0x2
    int64_t zs_copy(int, int64_t *, int, int64_t *, uint64_t, const struct zs_options *, struct zs_result *);
    size_t zs_via_names(uint32_t via, char *text, size_t size);
""")
try:
    zsplice = ffi.dlopen("libzsplice.so.0")
except OSError as error:
    sys.exit(f"{error}\nInstall zsplice (sudo make install), or name its folder in LD_LIBRARY_PATH.")


def copy(source, target, progress):
    """Copies all of source. An exception of progress ends the copy and arrives here, and so does Ctrl-C."""
    raised, result, copied = [], ffi.new("struct zs_result *"), 0

    # What cffi returns to C when the function raises: 1.
    @ffi.callback("int(void *, const struct zs_result *)", error=1, onerror=lambda *what: raised.append(what[1]))
    def guarded(_context, so_far):
        progress(copied + so_far.bytes)
        return 0

    options = ffi.new("struct zs_options *", {"flags": zsplice.ZS_INTERRUPT, "progress": guarded})
    options.size = ffi.sizeof(options[0])
    while True:
        n = zsplice.zs_copy(source.fileno(), ffi.NULL, target.fileno(), ffi.NULL, zsplice.ZS_TO_END, options, result)
        copied += result.bytes
        if raised:
            raise raised[0]
        if n != -1:
            return copied, result
        if result.error != errno.EINTR:  # Python has run its handlers: the copy goes on.
            raise OSError(result.error, os.strerror(result.error))


def show(so_far):
    print(f"{so_far} bytes so far", file=sys.stderr)
    if len(sys.argv) > 3 and so_far > int(sys.argv[3]):
        raise ValueError(f"more than {sys.argv[3]} bytes")


try:
    with open(sys.argv[1], "rb", buffering=0) as source, open(sys.argv[2], "wb", buffering=0) as target:
        ffi.errno = 77
        copied, result = copy(source, target, show)
        print("errno is", "unchanged" if ffi.errno == 77 else "changed")
        names = ffi.new("char[100]")
        zsplice.zs_via_names(result.via, names, len(names))
        print(f"{copied} bytes by {ffi.string(names).decode()}")
except KeyboardInterrupt:
    print("interrupted", file=sys.stderr)
    sys.exit(130)
except (OSError, ValueError) as error:
    sys.exit(f"{type(error).__name__}: {error}")
