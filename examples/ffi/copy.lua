-- SPDX-License-Identifier: MIT OR Apache-2.0
-- Copies a file through LuaJIT's ffi: luajit copy.lua INPUT OUTPUT [MOST]; more than MOST bytes are an error.
local ffi = require("ffi")

ffi.cdef [[
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

typedef struct { unsigned long bits[128 / sizeof(long)]; } sigset_t;
int sigemptyset(sigset_t *), sigaddset(sigset_t *, int), sigprocmask(int, const sigset_t *, sigset_t *);
int signalfd(int, const sigset_t *, int), fileno(void *);
char *strerror(int);
]]
local found, zsplice = pcall(ffi.load, "libzsplice.so.0")
if not found then
    io.stderr:write(zsplice, "\nInstall zsplice (sudo make install), or name its folder in LD_LIBRARY_PATH.\n")
    os.exit(1)
end
local TO_END, CANCEL_FD, ECANCELED = -1ULL, 0x200, 125

-- A descriptor that is readable after Ctrl-C, which then does nothing else: Lua has no signal handlers.
local function on_interrupt()
    local SIG_BLOCK, SIGINT, set = 0, 2, ffi.new("sigset_t")
    ffi.C.sigemptyset(set)
    ffi.C.sigaddset(set, SIGINT)
    ffi.C.sigprocmask(SIG_BLOCK, set, nil)
    return ffi.C.signalfd(-1, set, 0)
end

-- Copies all of source. An error of progress ends the copy and arrives here.
local function copy(source, target, progress)
    local result, fine, raised = ffi.new("struct zs_result"), true, nil
    local callback = ffi.cast("int (*)(void *, const struct zs_result *)", function(_, so_far)
        fine, raised = pcall(progress, so_far.bytes)
        return fine and 0 or 1
    end)
    local options = ffi.new("struct zs_options", { size = ffi.sizeof("struct zs_options"), flags = CANCEL_FD })
    options.cancel_fd, options.progress = on_interrupt(), callback
    local n = zsplice.zs_copy(ffi.C.fileno(source), nil, ffi.C.fileno(target), nil, TO_END, options, result)
    callback:free()
    if not fine then error(raised, 0) end
    if n == -1 and result.error == ECANCELED then error("interrupted", 0) end
    if n == -1 then error(ffi.string(ffi.C.strerror(result.error)), 0) end
    return result
end
jit.off(copy) -- A compiled function must not call C that calls back.

local most = tonumber(arg[3])
local fine, raised = pcall(function()
    local source, target = assert(io.open(arg[1], "rb")), assert(io.open(arg[2], "wb"))
    ffi.errno(77)
    local result = copy(source, target, function(so_far)
        io.stderr:write(tonumber(so_far), " bytes so far\n")
        if most and so_far > most then error("more than " .. most .. " bytes", 0) end
    end)
    print("errno is " .. (ffi.errno() == 77 and "unchanged" or "changed"))
    local names = ffi.new("char[100]")
    zsplice.zs_via_names(result.via, names, ffi.sizeof(names))
    print(tonumber(result.bytes) .. " bytes by " .. ffi.string(names))
end)
if not fine then
    io.stderr:write(raised, "\n")
    os.exit(raised == "interrupted" and 130 or 1)
end
