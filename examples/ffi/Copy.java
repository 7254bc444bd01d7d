// SPDX-License-Identifier: MIT OR Apache-2.0

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.*;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.function.LongConsumer;

/**
 * Copies a file through the Foreign Function and Memory API (Java 22 and later):
 * java --enable-native-access=ALL-UNNAMED Copy.java INPUT OUTPUT [MOST]. More than MOST bytes are an error.
 */
public class Copy {
    static final MemoryLayout RESULT = MemoryLayout.structLayout(
        JAVA_LONG.withName("bytes"), JAVA_LONG.withName("in_flight"), JAVA_LONG.withName("copied"),
        JAVA_LONG.withName("holes"), JAVA_INT.withName("via"), JAVA_INT.withName("side"), JAVA_INT.withName("error"),
        JAVA_INT.withName("refused"), JAVA_INT.withName("refusal"), JAVA_INT.withName("index"),
        MemoryLayout.sequenceLayout(2, JAVA_INT).withName("spare"));
    static final MemoryLayout OPTIONS = MemoryLayout.structLayout(
        JAVA_INT.withName("size"), JAVA_INT.withName("flags"), JAVA_LONG.withName("timeout_ns"),
        JAVA_LONG.withName("idle_ns"), JAVA_INT.withName("cancel_fd"), JAVA_INT.withName("avoid"),
        ADDRESS.withName("progress"), ADDRESS.withName("context"), JAVA_LONG.withName("half_idle_ns"),
        JAVA_LONG.withName("rate"));
    static final long TO_END = -1;
    static final int CANCEL_FD = 0x200, ECANCELED = 125;

    static final AddressLayout TEXT = ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(99, JAVA_BYTE));
    static final Linker LINKER = Linker.nativeLinker();
    static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    static final SymbolLookup ZSPLICE = load();
    static final MethodHandle ZS_COPY = LINKER.downcallHandle(ZSPLICE.find("zs_copy").orElseThrow(),
        FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS),
        ERRNO);
    static final MethodHandle ZS_VIA_NAMES = LINKER.downcallHandle(ZSPLICE.find("zs_via_names").orElseThrow(),
        FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));

    static SymbolLookup load() {
        try {
            return SymbolLookup.libraryLookup("libzsplice.so.0", Arena.global());
        } catch (IllegalArgumentException error) {
            System.err.println(error.getMessage()
                + "\nInstall zsplice (sudo make install), or name its folder in LD_LIBRARY_PATH.");
            System.exit(1);
            throw error;
        }
    }

    static MethodHandle libc(String name, FunctionDescriptor type, Linker.Option... options) {
        return LINKER.downcallHandle(LINKER.defaultLookup().find(name).orElseThrow(), type, options);
    }

    /** What captureCallState has stored: another function of the JVM may have changed the variable since. */
    static int errno(MemorySegment state) {
        return state.get(JAVA_INT, STATE.byteOffset(PathElement.groupElement("errno")));
    }

    /** Java does not tell the descriptors of its files. */
    static int open(Arena arena, String path, int flags) throws Throwable {
        var function = libc("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), ERRNO,
            Linker.Option.firstVariadicArg(2));
        var state = arena.allocate(STATE);
        int fd = (int) function.invokeExact(state, arena.allocateFrom(path), flags, 0666);
        if (fd == -1) {
            throw new IOException(path + ": " + strerror(errno(state)));
        }
        return fd;
    }

    static String strerror(int errno) throws Throwable {
        var text = (MemorySegment) libc("strerror", FunctionDescriptor.of(TEXT, JAVA_INT)).invokeExact(errno);
        return text.getString(0);
    }

    static int get(MemorySegment result, String member) {
        return result.get(JAVA_INT, RESULT.byteOffset(PathElement.groupElement(member)));
    }

    static void set(MemorySegment options, String member, int value) {
        options.set(JAVA_INT, OPTIONS.byteOffset(PathElement.groupElement(member)), value);
    }

    /** A progress function, and what it has thrown, which must not leave it: Java would end. */
    static class Watcher {
        final LongConsumer progress;
        RuntimeException thrown;

        Watcher(LongConsumer progress) {
            this.progress = progress;
        }

        int call(MemorySegment context, MemorySegment soFar) {
            try {
                progress.accept(soFar.reinterpret(RESULT.byteSize()).get(JAVA_LONG, 0));
            } catch (RuntimeException exception) {
                thrown = exception;
            }
            return thrown == null ? 0 : 1;
        }
    }

    /** Copies all of source, until cancel is readable. What progress throws ends the copy. A struct zs_result. */
    static MemorySegment copy(Arena arena, int source, int target, int cancel, LongConsumer progress) throws Throwable {
        var watcher = new Watcher(progress);
        var options = arena.allocate(OPTIONS);
        set(options, "size", (int) OPTIONS.byteSize());
        set(options, "flags", CANCEL_FD);
        set(options, "cancel_fd", cancel);
        var call = MethodHandles.lookup().bind(watcher, "call",
            MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class));
        options.set(ADDRESS, OPTIONS.byteOffset(PathElement.groupElement("progress")),
            LINKER.upcallStub(call, FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS), arena));
        var result = arena.allocate(RESULT);
        var state = arena.allocate(STATE);
        var none = MemorySegment.NULL;
        long n = (long) ZS_COPY.invokeExact(state, source, none, target, none, TO_END, options, result);
        if (watcher.thrown != null) {
            throw watcher.thrown;
        }
        if (n == -1) {
            int errno = errno(state); // It equals `error` in the result.
            throw errno == ECANCELED ? new InterruptedIOException() : new IOException(strerror(errno));
        }
        return result;
    }

    public static void main(String[] arguments) throws Throwable {
        long most = arguments.length > 2 ? Long.parseLong(arguments[2]) : Long.MAX_VALUE;
        int status = 0;
        try (var arena = Arena.ofShared()) {
            int source = open(arena, arguments[0], 0);
            int target = open(arena, arguments[1], 01 | 0100 | 01000); // O_WRONLY, O_CREAT, O_TRUNC
            int cancel = (int) libc("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT)).invokeExact(0, 0);
            var write = libc("eventfd_write", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
            // Ctrl-C: the copy ends, and Java with it.
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                try {
                    int written = (int) write.invokeExact(cancel, 1L);
                    Thread.sleep(10_000);
                } catch (Throwable error) {
                    throw new IllegalStateException(error);
                }
            }));
            var result = copy(arena, source, target, cancel, soFar -> {
                System.err.println(soFar + " bytes so far");
                if (soFar > most) {
                    throw new IllegalStateException("more than " + most + " bytes");
                }
            });
            var names = arena.allocate(100);
            long length = (long) ZS_VIA_NAMES.invokeExact(get(result, "via"), names, names.byteSize());
            System.out.println(result.get(JAVA_LONG, 0) + " bytes by " + names.getString(0));
        } catch (InterruptedIOException exception) {
            System.err.println("interrupted");
            status = 130;
        } catch (IOException | IllegalStateException exception) {
            System.err.println(exception);
            status = 1;
        }
        Runtime.getRuntime().halt(status);
    }
}
