<?php
// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies a file through PHP's FFI: php copy.php INPUT OUTPUT [MOST]; more than MOST bytes are an error.
declare(strict_types=1);

const TO_END = -1, INTERRUPT = 0x2, EINTR = 4;

try {
    $zsplice = FFI::cdef(<<<'C'
        struct zs_result {
            uint64_t bytes, in_flight, copied, holes;
            uint32_t via, side; int32_t error; uint32_t refused; int32_t refusal; uint32_t index, spare[2];
        };
        struct zs_options {
            uint32_t size, flags; int64_t timeout_ns, idle_ns; int32_t cancel_fd; uint32_t avoid;
            int (*progress)(void *context, const struct zs_result *so_far);
            void *context; int64_t half_idle_ns; uint64_t rate;
        };
        int64_t zs_copy(int, int64_t *, int, int64_t *, uint64_t, const struct zs_options *, struct zs_result *);
        size_t zs_via_names(uint32_t via, char *text, size_t size);
        C, 'libzsplice.so.0');
} catch (FFI\Exception $error) {
    $advice = 'Install zsplice (sudo make install), or name its folder in LD_LIBRARY_PATH.';
    fwrite(STDERR, "{$error->getMessage()}\n$advice\n");
    exit(1);
}
$libc = FFI::cdef('int open(const char *, int, ...); int *__errno_location(void);');

/** Opens a file: the streams of PHP do not tell their descriptors. */
function descriptor(string $path, int $flags, int $mode = 0): int
{
    global $libc;
    $fd = $libc->open($path, $flags, $mode);
    return $fd != -1 ? $fd : throw new RuntimeException("$path: " . posix_strerror($libc->__errno_location()[0]));
}

/** Copies all of $source. What $progress throws ends the copy and arrives here. */
function copy_with_progress(int $source, int $target, callable $progress): array
{
    global $zsplice;
    $thrown = null;
    $copied = 0;
    $result = $zsplice->new('struct zs_result');
    $options = $zsplice->new('struct zs_options');
    $options->size = FFI::sizeof($options);
    $options->flags = INTERRUPT;
    $options->progress = function ($context, $so_far) use ($progress, &$thrown, &$copied) {
        try {
            $progress($copied + $so_far->bytes);
        } catch (Throwable $thrown) { // It must not leave the function: PHP would end.
        }
        return $thrown === null ? 0 : 1;
    };
    do {
        $n = $zsplice->zs_copy($source, null, $target, null, TO_END, FFI::addr($options), FFI::addr($result));
        $copied += $result->bytes;
        if ($thrown !== null) {
            throw $thrown;
        }
    } while ($n == -1 && $result->error == EINTR); // PHP has run its handlers: the copy goes on.
    return $n != -1 ? [$copied, $result] : throw new RuntimeException(posix_strerror($result->error), $result->error);
}

pcntl_async_signals(true);
pcntl_signal(SIGINT, function () {
    fwrite(STDERR, "interrupted\n");
    exit(130);
});
try {
    [$source, $target] = [descriptor($argv[1], 0), descriptor($argv[2], 01 | 0100 | 01000, 0666)];
    [$copied, $result] = copy_with_progress($source, $target, function (int $so_far) use ($argv) {
        fwrite(STDERR, "$so_far bytes so far\n");
        if (isset($argv[3]) && $so_far > (int)$argv[3]) {
            throw new RangeException("more than $argv[3] bytes");
        }
    });
    $names = FFI::new('char[100]');
    $zsplice->zs_via_names($result->via, $names, FFI::sizeof($names));
    echo "$copied bytes by ", FFI::string($names), "\n";
} catch (RuntimeException $error) {
    fwrite(STDERR, get_class($error) . ": {$error->getMessage()}\n");
    exit(1);
}
