// SPDX-License-Identifier: MIT OR Apache-2.0
// Copies a file through Bun's FFI: bun bun_copy.ts INPUT OUTPUT [MOST]; more than MOST bytes are an error. The call
// blocks the event loop: a program that has something else to do there copies in a Worker.
import { dlopen, JSCallback, read } from "bun:ffi";
import { openSync } from "node:fs";
import { constants } from "node:os";

const TO_END = 2n ** 64n - 1n;
const INTERRUPT = 0x2;

function load() {
    try {
        return dlopen("libzsplice.so.0", {
            zs_copy: { args: ["i32", "ptr", "i32", "ptr", "u64", "ptr", "ptr"], returns: "i64" },
            zs_via_names: { args: ["u32", "ptr", "usize"], returns: "usize" },
        });
    } catch (error) {
        console.error(`${error}\nInstall zsplice (sudo make install), or name its folder in LD_LIBRARY_PATH.`);
        process.exit(1);
    }
}
const { symbols: zsplice } = load();

/** A struct zs_options. */
function options(progress: number) {
    const view = new DataView(new ArrayBuffer(64));
    view.setUint32(0, 64, true); // size
    view.setUint32(4, INTERRUPT, true); // flags
    view.setBigUint64(32, BigInt(progress), true);
    return view;
}

/** Copies all of `source`. What `progress` throws ends the copy and arrives here. */
async function copy(source: number, target: number, progress: (soFar: number) => void) {
    let thrown: unknown;
    let copied = 0;
    const guarded = new JSCallback((_context: number, soFar: number) => {
        try {
            progress(copied + Number(read.u64(soFar, 0)));
        } catch (error) {
            thrown = error;
        }
        return thrown ? 1 : 0;
    }, { args: ["ptr", "ptr"], returns: "i32" });
    const [chosen, result] = [options(guarded.ptr!), new DataView(new ArrayBuffer(64))];
    try {
        for (;;) {
            const n = zsplice.zs_copy(source, null, target, null, TO_END, chosen, result);
            copied += Number(result.getBigUint64(0, true));
            if (thrown) throw thrown;
            if (n !== -1n) return { bytes: copied, via: result.getUint32(32, true) };
            const errno = result.getInt32(40, true);
            if (errno !== constants.errno.EINTR) throw Object.assign(new Error(errorName(errno)), { errno });
            await new Promise((resolve) => setTimeout(resolve)); // Handlers run now; then the copy goes on.
        }
    } finally {
        guarded.close();
    }
}

function errorName(errno: number) {
    return Object.entries(constants.errno).find(([_, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}

const [input, output, most] = process.argv.slice(2);
process.on("SIGINT", () => {
    console.error("interrupted");
    process.exit(130);
});
try {
    const result = await copy(openSync(input, "r"), openSync(output, "w"), (soFar) => {
        console.error(`${soFar} bytes so far`);
        if (soFar > Number(most)) throw new RangeError(`more than ${most} bytes`);
    });
    const names = Buffer.alloc(100);
    const length = zsplice.zs_via_names(result.via, names, BigInt(names.length));
    console.log(`${result.bytes} bytes by ${names.toString("latin1", 0, Number(length))}`);
} catch (error) {
    console.error(`${error}`);
    process.exit(1);
}
