// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies a file through koffi, in a thread of libuv's: node node_copy.js INPUT OUTPUT [MOST]; more than MOST bytes
// are an error.
"use strict";
const fs = require("node:fs");
const os = require("node:os");
const { promisify } = require("node:util");
const koffi = require("koffi");

const TO_END = 2n ** 64n - 1n;
const CANCEL_FD = 0x200;

let zsplice;
try {
    zsplice = koffi.load("libzsplice.so.0");
} catch (error) {
    console.error(`${error.message}\nInstall zsplice (sudo make install), or name its folder in LD_LIBRARY_PATH.`);
    process.exit(1);
}
const Result = koffi.struct("zs_result", {
    bytes: "uint64_t", in_flight: "uint64_t", copied: "uint64_t", holes: "uint64_t", via: "uint32_t", side: "uint32_t",
    error: "int32_t", refused: "uint32_t", refusal: "int32_t", index: "uint32_t", spare: "uint32_t [2]",
});
const Progress = koffi.proto("int progress(void *context, const zs_result *so_far)");
const Options = koffi.struct("zs_options", {
    size: "uint32_t", flags: "uint32_t", timeout_ns: "int64_t", idle_ns: "int64_t", cancel_fd: "int32_t",
    avoid: "uint32_t", progress: koffi.pointer(Progress), context: "void *", half_idle_ns: "int64_t", rate: "uint64_t",
});
const zs_copy = promisify(zsplice.func("int64_t zs_copy(int, void *, int, void *, uint64_t, zs_options *, " +
    "_Out_ zs_result *)").async);
const zs_via_names = zsplice.func("size_t zs_via_names(uint32_t, void *, size_t)");
const eventfd = koffi.load("libc.so.6").func("int eventfd(unsigned int, int)");

/** Copies all of `source`. What `progress` throws rejects the promise; so does the AbortSignal. */
async function copy(source, target, progress, signal) {
    signal.throwIfAborted();
    let thrown;
    const guarded = koffi.register((_context, so_far) => {
        try {
            progress(Number(koffi.decode(so_far, Result).bytes));
        } catch (error) {
            thrown = error;
        }
        return thrown ? 1 : 0;
    }, koffi.pointer(Progress));
    const cancel_fd = eventfd(0, 0);
    const cancel = () => fs.writeSync(cancel_fd, new BigUint64Array([1n]));
    signal.addEventListener("abort", cancel);
    try {
        const options = { size: koffi.sizeof(Options), flags: CANCEL_FD, cancel_fd, progress: guarded };
        const result = {};
        await zs_copy(source, null, target, null, TO_END, options, result);
        if (thrown) throw thrown;
        signal.throwIfAborted();
        // Not koffi.errno(): that belongs to another thread.
        if (result.error) throw Object.assign(new Error(errorName(result.error)), { errno: result.error });
        return result;
    } finally {
        signal.removeEventListener("abort", cancel);
        fs.closeSync(cancel_fd);
        koffi.unregister(guarded);
    }
}

function errorName(errno) {
    return Object.keys(os.constants.errno).find((name) => os.constants.errno[name] === errno) ?? `errno ${errno}`;
}

async function main([input, output, most]) {
    const interrupt = new AbortController();
    process.on("SIGINT", () => interrupt.abort());
    const [source, target] = [fs.openSync(input, "r"), fs.openSync(output, "w")];
    const result = await copy(source, target, (so_far) => {
        console.error(`${so_far} bytes so far`);
        if (so_far > most) throw new RangeError(`more than ${most} bytes`);
    }, interrupt.signal);
    const names = Buffer.alloc(100);
    const length = zs_via_names(result.via, names, names.length);
    console.log(`${result.bytes} bytes by ${names.toString("latin1", 0, length)}`);
}

main(process.argv.slice(2)).catch((error) => {
    const interrupted = error.name === "AbortError";
    console.error(interrupted ? "interrupted" : `${error}`);
    process.exit(interrupted ? 130 : 1);
});
