/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls every function with descriptors of many kinds, for tests/system_calls.rs, which runs this
 * under strace. Each call of the library stands between two writes to the descriptor -1: one of the
 * function's name, one of "end".
 *
 * With the argument "filtered" each call is made in a child of its own (a handle lives in one), under
 * a seccomp filter of exactly the system calls that t_allowed.h lists for the function. Any other
 * ends the child, and is reported. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <zsplice.h>
#include "t_allowed.h"

#define LEN 40
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Whether a call succeeds is not the question here. */
#define RUN(name, call)                                                                            \
    do {                                                                                           \
        long long returned_;                                                                       \
                                                                                                   \
        if (!begins(#name))                                                                        \
            break;                                                                                 \
        returned_ = (long long) (call);                                                            \
        (void) returned_;                                                                          \
        ends();                                                                                    \
    } while (0)

static char data[LEN];

/* ---- Under a filter ---- */

/* Whether calls are made under a filter, and whether this is a child that has it already. */
static int is_filtered, is_confined;
/* Whether the child goes on with other functions of a handle. */
static int is_handle;
/* A system call that fails there, too, with this error; -1: none. */
static long refused = -1;
static int  refused_with;
/* Shared with the children. */
static struct {
    long number;    /* of the system call that ended one */
    int  faults, runs;
} *seen;

static void must_not(int signal, siginfo_t *info, void *context)
{
    (void) signal;
    (void) context;
    seen->number = info->si_syscall;
    _exit(1);
}

static void filter(struct sock_filter *code, size_t count)
{
    struct sock_fprog program = {(unsigned short) count, code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
        _exit(77);
}

static void refuse(long number, int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t) error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };

    filter(code, COUNT(code));
}

/* From here on this process makes no system call but those of the function, and exits. */
static void confine(const char *function)
{
    struct sock_filter code[2 * T_ALLOWED + 4] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    struct sigaction action = {.sa_sigaction = must_not, .sa_flags = SA_SIGINFO};
    size_t           count = 1;

    sigaction(SIGSYS, &action, NULL);
    for (size_t i = 0; i <= T_ALLOWED; i++) {
        long number = i < T_ALLOWED ? t_allowed[i].number : SYS_exit_group;

        if (i < T_ALLOWED && !t_may_make(function, &t_allowed[i]))
            continue;
        code[count++] = (struct sock_filter)
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) number, 0, 1);
        code[count++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    code[count++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
    filter(code, count);
    is_confined = 1;
}

/* Whether the process that makes the call is stopped again and again meanwhile, and by which process. */
static int   is_stopped;
static pid_t stopper;

static void begin_to_stop(pid_t pid)
{
    sigset_t end;

    if (!is_stopped)
        return;
    /* The end is waited for while nobody is stopped. */
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    if ((stopper = fork()) == -1)
        abort();
    while (stopper == 0) {
        poll(NULL, 0, 20);
        sigpending(&end);
        if (sigismember(&end, SIGTERM))
            _exit(0);
        kill(pid, SIGSTOP);
        poll(NULL, 0, 5);
        kill(pid, SIGCONT);
    }
}

static void end_to_stop(void)
{
    if (!is_stopped)
        return;
    kill(stopper, SIGTERM);
    if (waitpid(stopper, NULL, 0) != stopper)
        abort();
}

static void judge(const char *function, pid_t child)
{
    siginfo_t info;
    int       status;

    /* Its number belongs to nobody else until it is waited for. */
    if (waitid(P_PID, (id_t) child, &info, WEXITED | WNOWAIT) != 0)
        abort();
    end_to_stop();
    if (waitpid(child, &status, 0) != child)
        abort();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        exit(77);
    seen->runs++;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    fprintf(stderr, "%s: system call %ld, which the table does not have (status %#x, with %ld refused)\n",
            function, seen->number, (unsigned int) status, refused);
    seen->faults++;
}

/* In a child that is confined to the function: 1. In the process that waits for it: 0. */
static int confined(const char *function)
{
    pid_t child = fork();

    if (child == -1)
        abort();
    if (child > 0) {
        begin_to_stop(child);
        judge(function, child);
        return 0;
    }
    alarm(10);
    seen->number = -1;
    if (refused >= 0)
        refuse(refused, refused_with);
    confine(function);
    return 1;
}

/* ---- Marks ---- */

static void mark(const char *text)
{
    if (write(-1, text, strlen(text)) != -1)
        abort();
}

/* Whether this process is the one to call it. */
static int begins(const char *function)
{
    if (is_filtered && !is_confined)
        return confined(function);
    if (!is_filtered) {
        begin_to_stop(getpid());
        mark(function);
    }
    return 1;
}

static void ends(void)
{
    if (is_filtered && !is_handle)
        _exit(0);
    if (is_filtered)
        return;
    mark("end");
    end_to_stop();
}

static int must(int returned)
{
    if (returned == -1) {
        perror("system_calls");
        exit(EXIT_FAILURE);
    }
    return returned;
}

static void fill(int fd, const void *bytes, size_t len)
{
    if (write(fd, bytes, len) != (ssize_t) len)
        must(-1);
}

/* The other ends of what a scene uses, closed after it. */
static int others[64];
static int used;

static int other(int fd)
{
    others[used++] = fd;
    return fd;
}

static void close_others(void)
{
    while (used > 0)
        close(others[--used]);
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

static void tcp(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t          len = sizeof(address);
    int                listener = must(socket(AF_INET, SOCK_STREAM, 0));

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(bind(listener, (struct sockaddr *) &address, len));
    must(listen(listener, 1));
    must(getsockname(listener, (struct sockaddr *) &address, &len));
    ends[0] = must(socket(AF_INET, SOCK_STREAM, 0));
    must(connect(ends[0], (struct sockaddr *) &address, len));
    ends[1] = must(accept(listener, NULL, NULL));
    close(listener);
}

/* A pseudoterminal: ends[0] is the terminal, ends[1] its master. */
static void terminal(int ends[2])
{
    ends[1] = must(posix_openpt(O_RDWR | O_NOCTTY));
    must(grantpt(ends[1]));
    must(unlockpt(ends[1]));
    ends[0] = must(open(ptsname(ends[1]), O_RDWR | O_NOCTTY));
}

static void nonblocking(int fd)
{
    must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK));
}

enum input { A_FILE, SPARSE, EMPTY, PROC, ZERO, PIPE, FIFO, UNIX, TCP, URGENT, TERMINAL, PACKETS,
             INPUTS, SILENT };

/* An input of this kind that has LEN bytes or fewer, and ends. */
static int input(enum input kind)
{
    int ends[2], fd;

    switch (kind) {
    case A_FILE:
    case SPARSE:
    case EMPTY:
        fd = must(open("input", O_RDWR | O_CREAT | O_TRUNC, 0600));
        if (kind != EMPTY)
            fill(fd, data, LEN);
        if (kind == SPARSE) {
            must(lseek(fd, 1 << 20, SEEK_SET));
            fill(fd, data, LEN);
            must(ftruncate(fd, 2 << 20));
        }
        must(lseek(fd, 0, SEEK_SET));
        return fd;
    case PROC:
        return must(open("/proc/self/status", O_RDONLY));
    case ZERO:
        return must(open("/dev/zero", O_RDONLY));
    case FIFO:
        unlink("fifo");
        must(mkfifo("fifo", 0600));
        ends[0] = must(open("fifo", O_RDONLY | O_NONBLOCK));
        ends[1] = must(open("fifo", O_WRONLY));
        must(fcntl(ends[0], F_SETFL, O_RDONLY));
        break;
    case UNIX:
        must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
        break;
    case TCP:
    case URGENT:
        tcp(ends);
        break;
    case TERMINAL:
        terminal(ends);
        break;
    case PACKETS:
        must(pipe2(ends, O_DIRECT));
        break;
    default:
        must(pipe(ends));
    }
    if (kind == SILENT) {
        other(ends[1]);
        return ends[0];
    }
    fill(ends[1], data, LEN / 2);
    if (kind == URGENT && send(ends[1], "!", 1, MSG_OOB) != 1)
        must(-1);
    if (kind == TERMINAL) {
        /* A line, and the end of file. */
        fill(ends[1], "\n\004", 2);
        other(ends[1]);
    } else {
        close(ends[1]);
    }
    return ends[0];
}

enum output { TO_FILE, TO_HOLES, TO_APPEND, TO_PIPE, TO_UNIX, TO_TCP, TO_NULL, TO_TERMINAL,
              TO_MASTER, TO_NOBODY, TO_FULL, TO_SMALL, OUTPUTS };

/* An output of this kind that has room for LEN bytes. */
static int output(enum output kind)
{
    int ends[2], fd;

    switch (kind) {
    case TO_FILE:
    case TO_HOLES:
    case TO_APPEND:
        fd = must(open("output", O_RDWR | O_CREAT | O_TRUNC, 0600));
        if (kind == TO_HOLES) {
            must(ftruncate(fd, 4 << 20));
            must(pwrite(fd, data, LEN, 512 << 10));
        }
        if (kind == TO_APPEND)
            must(fcntl(fd, F_SETFL, O_APPEND));
        return fd;
    case TO_NULL:
        return must(open("/dev/null", O_WRONLY));
    case TO_FULL:
        return must(open("/dev/full", O_WRONLY));
    case TO_UNIX:
    case TO_NOBODY:
        must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
        if (kind == TO_NOBODY) {
            close(ends[1]);
            return ends[0];
        }
        break;
    case TO_TCP:
        tcp(ends);
        break;
    case TO_TERMINAL:
        terminal(ends);
        break;
    case TO_MASTER:
        terminal(ends);
        other(ends[0]);
        return ends[1];
    default:
        must(pipe(ends));
        if (kind == TO_SMALL)
            must(fcntl(ends[1], F_SETPIPE_SZ, 8 * 4096));
        other(ends[0]);
        return ends[1];
    }
    other(ends[1]);
    return ends[0];
}

/* To the end of the input, but no more than the output has room for. */
static uint64_t length(enum input from, enum output to)
{
    if (from == ZERO || (to > TO_APPEND && (from == SPARSE || from == PROC)))
        return LEN;
    return ZS_TO_END;
}

static int no_stop(void *context, const struct zs_result *so_far)
{
    (void) context;
    (void) so_far;
    return 0;
}

static int stop(void *context, const struct zs_result *so_far)
{
    (void) context;
    (void) so_far;
    return 1;
}

/* The options that a scene is tried with. */
static struct zs_options options_of(int which)
{
    const uint32_t    all = 0x1f;
    struct zs_options options = ZS_OPTIONS_INIT;
    int               ends[2];

    switch (which) {
    case 1:
        options.timeout_ns = 1000000000;
        break;
    case 2:
        must(pipe(ends));
        options.flags = ZS_CANCEL_FD | ZS_INTERRUPT;
        options.cancel_fd = other(ends[0]);
        other(ends[1]);
        break;
    case 3:
        options.flags = ZS_NOSIGPIPE | ZS_MORE | ZS_GROW_PIPE;
        break;
    case 4:
        options.flags = ZS_STABLE | ZS_FILL_HOLES;
        options.progress = no_stop;
        break;
    case 5:
        options.avoid = all;
        break;
    case 6:
        options.avoid = all & ~ZS_VIA_SENDFILE;
        break;
    case 7:
        options.avoid = all & ~(ZS_VIA_SPLICE | ZS_VIA_TEE);
        break;
    case 8:
        options.avoid = ZS_VIA_READ_WRITE | ZS_VIA_CLONE | ZS_VIA_COPY_RANGE;
        break;
    case 9:
        options.avoid = all;
        options.timeout_ns = 1000000000;
        break;
    case 10:
        options.rate = 16 << 20;
        break;
    case 11:
        must(pipe(ends));
        options.flags = ZS_CANCEL_FD;
        options.cancel_fd = other(ends[0]);
        close(ends[1]);
        break;
    case 12:
        options.progress = stop;
        break;
    }
    return options;
}

#define OPTIONS 13

/* What ends or slows a transfer is tried with a quarter of the pairs. */
static int is_left_out(int from, int to, int which)
{
    return which >= 10 && (from + to) % 4 != 0;
}

static void copies(void)
{
    for (int from = 0; from < INPUTS; from++) {
        for (int to = 0; to < OUTPUTS; to++) {
            for (int which = 0; which < OPTIONS; which++) {
                struct zs_options options = options_of(which);
                int               in = input(from), out = output(to);
                uint64_t          len = length(from, to);

                if (!is_left_out(from, to, which))
                    RUN(zs_copy, zs_copy(in, NULL, out, NULL, len, &options, NULL));
                close(in);
                close(out);
                close_others();
            }
        }
    }
    for (int which = 0; which < OPTIONS; which++) {
        struct zs_options options = options_of(which);
        int               in = input(SPARSE), out = output(TO_HOLES);
        int64_t           off_in = 5, off_out = 4101;

        RUN(zs_copy, zs_copy(in, &off_in, out, &off_out, ZS_TO_END, &options, NULL));
        close(in);
        close(out);
        close_others();
    }
}

static void fanouts(void)
{
    for (int from = 0; from < INPUTS; from++) {
        for (int to = 0; to < OUTPUTS; to++) {
            for (int which = 0; which < OPTIONS; which++) {
                struct zs_options options = options_of(which);
                int               in = input(from), outs[2] = {output(to), output(TO_PIPE)};
                uint64_t          len = length(from, TO_PIPE);
                int64_t           start = 0, *offset = from < PROC && which % 2 ? &start : NULL;

                options.flags |= ZS_DROP_FAILED;
                if (!is_left_out(from, to, which))
                    RUN(zs_fanout, zs_fanout(in, offset, outs, 2, len, &options, NULL));
                close(in);
                close(outs[0]);
                close(outs[1]);
                close_others();
            }
        }
    }
}

/* A connection that ends by itself: what the peer has sent, and its end. */
static int connection(int kind)
{
    int ends[2];

    if (kind == 0)
        must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    else
        tcp(ends);
    if (kind == 2)
        nonblocking(ends[0]);
    if (kind == 3) {
        /* Not connected: nothing can be shut down. */
        close(ends[0]);
        return must(socket(AF_INET, SOCK_STREAM, 0));
    }
    fill(ends[1], data, LEN);
    must(shutdown(ends[1], SHUT_WR));
    other(ends[1]);
    return ends[0];
}

static void bridges(void)
{
    static const int some[] = {0, 5, 8};

    for (int kinds = 0; kinds < 16; kinds++) {
        for (int which = 0; which < OPTIONS; which++) {
            struct zs_options options = options_of(which);
            int               a = connection(kinds / 4), b = connection(kinds % 4);

            options.idle_ns = 10000000;
            options.flags |= kinds % 2 ? ZS_NOSIGPIPE : 0;
            RUN(zs_bridge, zs_bridge(a, a, b, b, &options, NULL));
            close(a);
            close(b);
            close_others();
        }
    }
    for (int from = 0; from < INPUTS; from++) {
        /* /dev/zero does not end. */
        if (from == ZERO)
            continue;
        for (int to = TO_PIPE; to < OUTPUTS; to++) {
            for (size_t which = 0; which < COUNT(some); which++) {
                struct zs_options options = options_of(some[which]);
                int               in = input(from), out = output(to);
                int               back_in = input(PIPE), back_out = output(TO_UNIX);

                options.idle_ns = 10000000;
                RUN(zs_bridge, zs_bridge(in, out, back_in, back_out, &options, NULL));
                close(in);
                close(out);
                close(back_in);
                close(back_out);
                close_others();
            }
        }
    }
}

/* The whole life of a handle, in one child if calls are filtered. */
static int begins_life(const char *function)
{
    if (!is_filtered)
        return 1;
    is_handle = 1;
    if (confined(function))
        return 1;
    is_handle = 0;
    return 0;
}

static void ends_life(void)
{
    if (is_filtered)
        _exit(0);
}

static void live_relay(int in, int out, zs_pool *pool, unsigned int flags, uint64_t budget)
{
    zs_relay        *relay = NULL;
    struct zs_result result;
    int              wants = ZS_WANT_RUN;

    RUN(zs_relay_new, (relay = zs_relay_new(in, out, ZS_TO_END, pool, flags)) == NULL);
    if (relay == NULL)
        return;
    RUN(zs_relay_feed, zs_relay_feed(relay, "GET /", 5));
    for (int turn = 0; turn < 20 && wants > 0; turn++) {
        RUN(zs_relay_run, wants = zs_relay_run(relay, budget));
        if (wants > 0 && !(wants & ZS_WANT_RUN))
            poll(NULL, 0, 1);
    }
    RUN(zs_relay_has_ended, zs_relay_has_ended(relay));
    RUN(zs_relay_take, zs_relay_take(relay, data, LEN));
    RUN(zs_relay_result, (zs_relay_result(relay, &result), 0));
    RUN(zs_relay_free, (zs_relay_free(relay), 0));
}

static void relay(int in, int out, int has_pool, unsigned int flags, uint64_t budget)
{
    zs_pool *pool = NULL;

    nonblocking(in);
    nonblocking(out);
    if (!begins_life("zs_relay_run"))
        return;
    if (has_pool) {
        RUN(zs_pool_new, (pool = zs_pool_new(1, 0)) == NULL);
        RUN(zs_pool_limit, (zs_pool_limit(pool, 1), 0));
    }
    live_relay(in, out, pool, flags, budget);
    RUN(zs_pool_free, (zs_pool_free(pool), 0));
    ends_life();
}

static void relays(void)
{
    static const unsigned int flags[] = {0, ZS_NOSIGPIPE | ZS_RELAY_SHUTDOWN, ZS_STABLE,
                                         ZS_RELAY_LEVEL};

    for (int from = 0; from < INPUTS; from++) {
        for (int to = 0; to < OUTPUTS; to++) {
            for (size_t which = 0; which < COUNT(flags); which++) {
                int in = input(from), out = output(to);

                relay(in, out, which % 2, flags[which], which < 2 ? LEN / 4 : 0);
                close(in);
                close(out);
                close_others();
            }
        }
    }
    for (int kind = 0; kind < 4; kind++) {
        int in = input(PIPE), out = connection(kind);

        relay(in, out, 0, ZS_RELAY_SHUTDOWN, 0);
        close(in);
        close(out);
        close_others();
    }
}

static void live_duplex(int a, int b, zs_pool *pool, unsigned int flags, uint64_t budget)
{
    zs_duplex       *both = NULL;
    struct zs_result results[2];
    int              status = 1;

    RUN(zs_duplex_new, (both = zs_duplex_new(a, b, pool, flags)) == NULL);
    if (both == NULL)
        return;
    RUN(zs_duplex_feed, zs_duplex_feed(both, 0, "GET /", 5));
    for (int turn = 0; turn < 20 && status > 0; turn++) {
        RUN(zs_duplex_run, status = zs_duplex_run(both, ZS_EVENTS_ALL, ZS_EVENTS_ALL, budget));
        if (status == 1)
            poll(NULL, 0, 1);
    }
    RUN(zs_duplex_result, (zs_duplex_result(both, results), 0));
    RUN(zs_duplex_free, (zs_duplex_free(both), 0));
}

static void duplex(int a, int b, int has_pool, unsigned int flags, uint64_t budget)
{
    zs_pool *pool;

    nonblocking(a);
    nonblocking(b);
    if (!begins_life("zs_duplex_run"))
        return;
    pool = has_pool ? zs_pool_new(1, 0) : NULL;
    live_duplex(a, b, pool, flags, budget);
    zs_pool_free(pool);
    ends_life();
}

static void duplexes(void)
{
    static const unsigned int flags[] = {0, ZS_NOSIGPIPE, ZS_STABLE};

    for (int kinds = 0; kinds < 16; kinds++) {
        for (size_t which = 0; which < COUNT(flags); which++) {
            int a = connection(kinds / 4), b = connection(kinds % 4);

            duplex(a, b, which % 2 == 0, flags[which], which < 2 ? LEN / 4 : 0);
            close(a);
            close(b);
            close_others();
        }
    }
}

static void calls(void)
{
    struct iovec piece = {data, LEN};

    for (int from = 0; from < INPUTS; from++) {
        for (int to = 0; to < OUTPUTS; to++) {
            int in = input(from), out = output(to);

            nonblocking(in);
            RUN(zs_splice, zs_splice(in, NULL, out, NULL, 10, 0));
            RUN(zs_tee, zs_tee(in, out, 10, SPLICE_F_NONBLOCK));
            RUN(zs_vmsplice, zs_vmsplice(out, &piece, 1, SPLICE_F_NONBLOCK));
            RUN(zs_copy_range, zs_copy_range(in, NULL, out, NULL, 10, 0));
            RUN(zs_sendfile, zs_sendfile(out, in, NULL, 10));
            close(in);
            close(out);
            close_others();
        }
    }
}

/* Bytes for the other end of `fd` after a while, or room in it. */
static void later(int fd, int is_output)
{
    char byte;

    if (must(fork()) > 0)
        return;
    /* Long enough for some stops. */
    poll(NULL, 0, is_stopped ? 300 : 20);
    if (is_output)
        while (read(fd, &byte, 1) == 1)
            ;
    else
        fill(fd, data, 1);
    _exit(0);
}

/* A side that has to be waited for: an input without bytes, then a full output. */
static void waits(int is_full, int is_output, int is_socket)
{
    struct timeval limit = {5, 0};
    int            in[2], out[2], file = input(A_FILE), back;

    if (is_socket)
        must(socketpair(AF_UNIX, SOCK_STREAM, 0, in));
    else
        must(pipe(in));
    must(pipe(out));
    if (is_socket)
        must(setsockopt(in[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
    else
        nonblocking(in[0]);
    nonblocking(out[1]);
    if (is_output) {
        fill(in[1], data, 1);
        while (write(out[1], data, LEN) > 0)
            ;
    }
    nonblocking(out[0]);
    later(is_output ? out[0] : in[1], is_output);
    if (is_output && is_full)
        RUN(zs_sendfile_full, zs_sendfile_full(out[1], file, NULL, 1, 0, NULL));
    else if (is_output)
        RUN(zs_sendfile_retry, zs_sendfile_retry(out[1], file, NULL, 1, 0));
    else if (is_full)
        RUN(zs_splice_full, zs_splice_full(in[0], NULL, out[1], NULL, 1, 0, NULL));
    else
        RUN(zs_splice_retry, zs_splice_retry(in[0], NULL, out[1], NULL, 1, 0));
    if (!is_socket) {
        back = must(dup(out[1]));
        fill(in[1], data, 1);
        if (is_full)
            RUN(zs_tee_full, zs_tee_full(in[0], out[1], back, 1, 0, NULL));
        else
            RUN(zs_tee_retry, zs_tee_retry(in[0], out[1], 1, 0));
        close(back);
    }
    close(file);
    for (int end = 0; end < 2; end++) {
        close(in[end]);
        close(out[end]);
    }
    close_others();
}

/* A full pipe, which hides what the input has. */
static void waits_for_room(enum input kind)
{
    int in = input(kind), out[2];

    must(pipe(out));
    nonblocking(in);
    nonblocking(out[0]);
    nonblocking(out[1]);
    while (write(out[1], data, LEN) > 0)
        ;
    later(out[0], 1);
    RUN(zs_splice_retry, zs_splice_retry(in, NULL, out[1], NULL, 1, 0));
    close(in);
    close(out[0]);
    close(out[1]);
    close_others();
}

static void wait_for_each(void)
{
    for (int which = 0; which < 8; which++)
        waits(which & 1, which & 2, which & 4);
    waits_for_room(UNIX);
    waits_for_room(TERMINAL);
}

static void retries_and_fulls(void)
{
    for (int from = 0; from < INPUTS; from++) {
        for (int to = 0; to < OUTPUTS; to++) {
            int in = input(from), out = output(to);

            nonblocking(in);
            RUN(zs_splice_retry, zs_splice_retry(in, NULL, out, NULL, 10, SPLICE_F_NONBLOCK));
            RUN(zs_tee_retry, zs_tee_retry(in, out, 10, SPLICE_F_NONBLOCK));
            RUN(zs_copy_range_retry, zs_copy_range_retry(in, NULL, out, NULL, 10, 0));
            RUN(zs_sendfile_retry, zs_sendfile_retry(out, in, NULL, 10, SPLICE_F_NONBLOCK));
            /* To the end of the input, but for /dev/zero. */
            RUN(zs_tee_full, zs_tee_full(in, out, out, 10, SPLICE_F_NONBLOCK, NULL));
            RUN(zs_splice_full,
                zs_splice_full(in, NULL, out, NULL, 2 * LEN, SPLICE_F_NONBLOCK, NULL));
            RUN(zs_copy_range_full, zs_copy_range_full(in, NULL, out, NULL, 2 * LEN, 0, NULL));
            RUN(zs_sendfile_full,
                zs_sendfile_full(out, in, NULL, 2 * LEN, SPLICE_F_NONBLOCK, NULL));
            close(in);
            close(out);
            close_others();
        }
    }
    wait_for_each();
}

/* A socket that delivers much, and ends. */
static int source(void)
{
    static const char bytes[1 << 16];
    int               ends[2];

    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    if (must(fork()) == 0) {
        close(ends[0]);
        for (int times = 0; times < 16; times++)
            if (write(ends[1], bytes, sizeof(bytes)) <= 0)
                break;
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

/* A socket that takes everything. */
static int sink(void)
{
    static char bytes[1 << 16];
    int         ends[2];

    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    if (must(fork()) == 0) {
        close(ends[1]);
        while (read(ends[0], bytes, sizeof(bytes)) > 0)
            ;
        _exit(0);
    }
    close(ends[0]);
    return ends[1];
}

/* Enough bytes for a pipe between two sockets. */
static void bulk(void)
{
    for (int engine = 0; engine < 6; engine++) {
        int      in = engine == 5 ? input(SPARSE) : source(), out = sink(), more = sink(), back = input(UNIX);

        if (engine == 0)
            RUN(zs_copy, zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, NULL));
        if (engine == 1)
            RUN(zs_fanout, zs_fanout(in, NULL, (int[]) {out, more}, 2, ZS_TO_END, NULL, NULL));
        if (engine == 2 || engine == 5)
            RUN(zs_bridge, zs_bridge(in, out, back, more, NULL, NULL));
        if (engine == 3 || engine == 4)
            relay(in, out, engine == 4, engine == 4 ? ZS_NOSIGPIPE : 0, 0);
        close(in);
        close(out);
        close(more);
        close(back);
        close_others();
    }
}

/* Every function once without descriptors for pipes. */
static void without_pipes(void)
{
    struct rlimit before, none;
    int           in = input(UNIX), out = output(TO_UNIX), back = output(TO_UNIX);

    must(getrlimit(RLIMIT_NOFILE, &before));
    none = before;
    none.rlim_cur = 3;
    must(setrlimit(RLIMIT_NOFILE, &none));
    RUN(zs_copy, zs_copy(in, NULL, out, NULL, 10, NULL, NULL));
    RUN(zs_fanout, zs_fanout(in, NULL, (int[]) {out, back}, 2, 10, NULL, NULL));
    relay(in, out, 0, 0, 0);
    must(setrlimit(RLIMIT_NOFILE, &before));
    close(in);
    close(out);
    close(back);
    close_others();
}

/* A TCP socket whose peer takes a little, and then resets the connection. */
static int dying_sink(void)
{
    static char bytes[1 << 16];
    int         ends[2];

    tcp(ends);
    if (must(fork()) == 0) {
        close(ends[1]);
        if (read(ends[0], bytes, sizeof(bytes)) > 0)
            poll(NULL, 0, 5);
        _exit(0);
    }
    close(ends[0]);
    return ends[1];
}

/* A TCP socket that poll(2) reports POLLERR of, for a time stamp, with little room and a reader. */
static int noted(void)
{
    static char bytes[1 << 16];
    int         ends[2], notes = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE, small = 1 << 14;

    tcp(ends);
    must(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
    must(setsockopt(ends[0], SOL_SOCKET, SO_TIMESTAMPING, &notes, sizeof(notes)));
    fill(ends[0], data, 1);
    nonblocking(ends[0]);
    if (must(fork()) == 0) {
        close(ends[0]);
        while (read(ends[1], bytes, sizeof(bytes)) > 0)
            ;
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

/* After a short count it is asked what such a connection has died of. */
static void doubtful(void)
{
    for (int which = 0; which < 4; which++) {
        int in = which % 2 ? input(PIPE) : source(), out = noted();

        if (which < 2)
            RUN(zs_copy, zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, NULL));
        else
            RUN(zs_fanout, zs_fanout(in, NULL, &out, 1, ZS_TO_END, NULL, NULL));
        close(in);
        close(out);
        close_others();
    }
}

/* An output that dies in the middle, and an input that never has anything. */
static void broken(void)
{
    for (int which = 0; which < 2 * OPTIONS; which++) {
        struct zs_options options = options_of(which % OPTIONS);
        int               in, out = dying_sink(), pipe_out = output(TO_PIPE);

        options.timeout_ns = options.timeout_ns ? options.timeout_ns : 1000000000;
        options.rate = 0;
        in = source();
        if (which < OPTIONS)
            RUN(zs_copy, zs_copy(in, NULL, out, NULL, ZS_TO_END, &options, NULL));
        else
            RUN(zs_fanout, zs_fanout(in, NULL, &out, 1, ZS_TO_END, &options, NULL));
        close(in);
        options.timeout_ns = 0;
        options.idle_ns = 1000000;
        in = input(SILENT);
        if (which < OPTIONS)
            RUN(zs_copy, zs_copy(in, NULL, pipe_out, NULL, ZS_TO_END, &options, NULL));
        else
            RUN(zs_fanout, zs_fanout(in, NULL, &pipe_out, 1, ZS_TO_END, &options, NULL));
        close(in);
        close(out);
        close(pipe_out);
        close_others();
    }
}

/* Each that waits, in a process that is stopped meanwhile: poll(2) goes on as restart_syscall(2), which ppoll(2)
 * does not. */
static void stopped(void)
{
    struct zs_options options = ZS_OPTIONS_INIT;
    int               in, out, back, more;

    is_stopped = 1;
    waits(0, 0, 0);
    waits(1, 0, 0);
    in = input(SILENT);
    back = input(SILENT);
    out = output(TO_PIPE);
    more = output(TO_PIPE);
    options.timeout_ns = 300000000;
    RUN(zs_copy, zs_copy(in, NULL, out, NULL, ZS_TO_END, &options, NULL));
    RUN(zs_fanout, zs_fanout(in, NULL, &out, 1, ZS_TO_END, &options, NULL));
    RUN(zs_bridge, zs_bridge(in, more, back, out, &options, NULL));
    is_stopped = 0;
    close(in);
    close(back);
    close(out);
    close(more);
    close_others();
}

static void without_new_calls(void)
{
    int out, back, in;

    refuse(SYS_statx, ENOSYS);
    refuse(SYS_ppoll, ENOSYS);
    wait_for_each();
    out = output(TO_UNIX);
    back = output(TO_PIPE);
    in = input(EMPTY);
    RUN(zs_sendfile_full, zs_sendfile_full(out, in, NULL, 1, 0, NULL));
    close(in);
    in = input(PIPE);
    RUN(zs_copy, zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, NULL));
    close(in);
    in = input(PIPE);
    RUN(zs_fanout, zs_fanout(in, NULL, &out, 1, ZS_TO_END, NULL, NULL));
    close(in);
    in = input(UNIX);
    RUN(zs_bridge, zs_bridge(in, back, in, out, NULL, NULL));
    close(in);
    for (int from = PIPE; from < INPUTS; from++)
        relay(input(from), output(TO_TERMINAL), 0, 0, 0);
    stopped();
    refuse(SYS_restart_syscall, EPERM);
    stopped();
}

/* A relay of pipes where read(2) and fcntl(2) are refused. Nothing else can follow. */
static void without_read(void)
{
    int in = input(PIPE), out = output(TO_PIPE);

    nonblocking(in);
    nonblocking(out);
    refuse(SYS_read, EPERM);
    refuse(SYS_fcntl, EPERM);
    if (!begins_life("zs_relay_run"))
        return;
    live_relay(in, out, NULL, ZS_STABLE, 0);
    ends_life();
}

/* Every engine with each of these calls refused, as a sandbox does. */
static void refusals(void)
{
    static const long numbers[] = {
        SYS_splice, SYS_tee, SYS_sendfile, SYS_copy_file_range, SYS_read, SYS_write, SYS_pread64, SYS_preadv2,
        SYS_pwritev2, SYS_recvfrom, SYS_sendto, SYS_ioctl, SYS_statx, SYS_lseek, SYS_fallocate, SYS_fcntl,
        SYS_pipe2, SYS_ppoll, SYS_getsockopt, SYS_getpeername, SYS_shutdown, SYS_rt_sigprocmask,
    };

    for (size_t i = 0; i < COUNT(numbers) * INPUTS; i++) {
        struct zs_options options = options_of((int) (i % OPTIONS));
        enum input        from = (enum input) (i % INPUTS);
        enum output       to = (enum output) (i % OUTPUTS);
        int               in = input(from), out = output(to), back = input(UNIX), more = output(TO_UNIX);

        refused = numbers[i / INPUTS];
        refused_with = i % 2 ? EPERM : ENOSYS;
        options.timeout_ns = options.timeout_ns ? options.timeout_ns : 1000000000;
        options.idle_ns = 10000000;
        RUN(zs_copy, zs_copy(in, NULL, out, NULL, length(from, to), &options, NULL));
        close(in);
        in = input(from);
        RUN(zs_fanout, zs_fanout(in, NULL, (int[]) {out, more}, 2, length(from, TO_PIPE), &options, NULL));
        close(in);
        in = input(from);
        if (from != ZERO)
            RUN(zs_bridge, zs_bridge(in, out, back, more, &options, NULL));
        relay(in, out, i % 2, ZS_RELAY_SHUTDOWN, LEN);
        close(in);
        close(out);
        close(back);
        close(more);
        close_others();
    }
    refused = -1;
}

static void prepare(int count, char **words)
{
    is_filtered = count > 1 && strcmp(words[1], "filtered") == 0;
    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED)
        abort();
    alarm(110);
    signal(SIGPIPE, SIG_IGN);
    memset(data, 'z', sizeof(data));
}

int main(int count, char **words)
{
    prepare(count, words);
    calls();
    retries_and_fulls();
    copies();
    fanouts();
    bridges();
    relays();
    duplexes();
    bulk();
    doubtful();
    broken();
    if (is_filtered)
        refusals();
    without_pipes();
    without_new_calls();
    without_read();
    printf("%d calls and handles under a filter\n", seen->runs);
    return seen->faults != 0;
}
