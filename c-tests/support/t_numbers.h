/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Numbers of system calls that are not on every processor what their names say. */
#ifndef T_NUMBERS_H
#define T_NUMBERS_H

#include <limits.h>
#include <sys/syscall.h>

/* With sizes of 64 bits on 32-bit processors. */
#ifdef SYS_sendfile64
#define T_SYS_SENDFILE SYS_sendfile64
#else
#define T_SYS_SENDFILE SYS_sendfile
#endif
#ifdef SYS_fcntl64
#define T_SYS_FCNTL SYS_fcntl64
#else
#define T_SYS_FCNTL SYS_fcntl
#endif
#ifdef SYS__llseek
#define T_SYS_LSEEK SYS__llseek
#else
#define T_SYS_LSEEK SYS_lseek
#endif
#ifdef SYS_mmap2
#define T_SYS_MMAP SYS_mmap2
#else
#define T_SYS_MMAP SYS_mmap
#endif
#ifdef SYS_fstatfs64
#define T_SYS_FSTATFS SYS_fstatfs64
#else
#define T_SYS_FSTATFS SYS_fstatfs
#endif
#ifdef SYS_ftruncate64
#define T_SYS_FTRUNCATE SYS_ftruncate64
#else
#define T_SYS_FTRUNCATE SYS_ftruncate
#endif
/* pread(2) takes its offset in another way on each 32-bit processor, so the library calls preadv(2) there, whose
 * length is in no argument of its own (-1). */
#if ULONG_MAX > 0xffffffff
#define T_SYS_PREAD SYS_pread64
#define T_SYS_PWRITE SYS_pwrite64
#define T_PREAD_LEN_AT 2
#else
#define T_SYS_PREAD SYS_preadv
#define T_SYS_PWRITE SYS_pwritev
#define T_PREAD_LEN_AT (-1)
#endif

/* What architectures without it have no number for. */
#ifdef SYS_poll
#define T_SYS_POLL SYS_poll
#else
#define T_SYS_POLL (-1)
#endif
#ifdef SYS_newfstatat
#define T_SYS_NEWFSTATAT SYS_newfstatat
#else
#define T_SYS_NEWFSTATAT (-1)
#endif

#endif
