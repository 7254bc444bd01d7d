// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies a file through Deno's FFI, in another thread: deno run --allow-all deno_copy.ts INPUT OUTPUT [MOST]; more
// than MOST bytes are an error.
import { openSync } from "node:fs";
import { constants } from "node:os";

const TO_END = 2n ** 64n - 1n;
const CANCEL_FD = 0x200;

function load() {
    try {
        return Deno.dlopen("libzsplice.so.0", {
            zs_copy: {
                parameters: ["i32", "pointer", "i32", "pointer", "u64", "buffer", "buffer"],
                result: "i64",
                nonblocking: true,
            },
            zs_via_names: { parameters: ["u32", "buffer", "usize"], result: "usize" },
        });
    } catch (error) {
        console.error(`${error}\nInstall zsplice (sudo make install), or name its folder in LD_LIBRARY_PATH.`);
        Deno.exit(1);
    }
}
const { symbols: zsplice } = load();
const { symbols: libc } = Deno.dlopen("libc.so.6", {
    eventfd: { parameters: ["u32", "i32"], result: "i32" },
    eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
});

/** A struct zs_result: the members at their offsets. */
class Result {
    #view: DataView;
    constructor(memory: ArrayBuffer) {
        this.#view = new DataView(memory);
    }
    get bytes() {
        return Number(this.#view.getBigUint64(0, true));
    }
    get via() {
        return this.#view.getUint32(32, true);
    }
    get error() {
        return this.#view.getInt32(40, true);
    }
}

/** A struct zs_options. */
function options(cancelFd: number, progress: Deno.PointerValue) {
    const view = new DataView(new ArrayBuffer(64));
    view.setUint32(0, 64, true); // size
    view.setUint32(4, CANCEL_FD, true); // flags
    view.setInt32(24, cancelFd, true);
    view.setBigUint64(32, BigInt(Deno.UnsafePointer.value(progress)), true);
    return view.buffer;
}

/** Copies all of `source`. What `progress` throws rejects the promise; so does the AbortSignal. */
async function copy(source: number, target: number, progress: (soFar: number) => void, signal: AbortSignal) {
    signal.throwIfAborted();
    let thrown: unknown;
    const guarded = new Deno.UnsafeCallback({ parameters: ["pointer", "pointer"], result: "i32" }, (_, soFar) => {
        try {
            progress(new Result(Deno.UnsafePointerView.getArrayBuffer(soFar!, 64)).bytes);
        } catch (error) {
            thrown = error;
        }
        return thrown ? 1 : 0;
    });
    const cancelFd = libc.eventfd(0, 0);
    const cancel = () => libc.eventfd_write(cancelFd, 1n);
    signal.addEventListener("abort", cancel);
    try {
        const memory = new ArrayBuffer(64);
        await zsplice.zs_copy(source, null, target, null, TO_END, options(cancelFd, guarded.pointer), memory);
        if (thrown) throw thrown;
        signal.throwIfAborted();
        const result = new Result(memory);
        if (result.error) throw Object.assign(new Error(errorName(result.error)), { errno: result.error });
        return result;
    } finally {
        signal.removeEventListener("abort", cancel);
        libc.close(cancelFd);
        guarded.close();
    }
}

function errorName(errno: number) {
    return Object.entries(constants.errno).find(([_, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}

const [input, output, most] = Deno.args;
const interrupt = new AbortController();
Deno.addSignalListener("SIGINT", () => interrupt.abort());
try {
    const result = await copy(openSync(input, "r"), openSync(output, "w"), (soFar) => {
        console.error(`${soFar} bytes so far`);
        if (soFar > Number(most)) throw new RangeError(`more than ${most} bytes`);
    }, interrupt.signal);
    const names = new Uint8Array(100);
    const length = zsplice.zs_via_names(result.via, names, BigInt(names.length));
    console.log(`${result.bytes} bytes by ${new TextDecoder().decode(names.subarray(0, Number(length)))}`);
    Deno.exit(0);
} catch (error) {
    const interrupted = error instanceof DOMException && error.name === "AbortError";
    console.error(interrupted ? "interrupted" : `${error}`);
    Deno.exit(interrupted ? 130 : 1);
}
