/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A FUSE file system with two files, "in" and "out". A child of the test serves it, and answers as the test
 * says. Include after t_mount.h. */
#ifndef T_FUSE_H
#define T_FUSE_H

#include <linux/fuse.h>

#define T_FUSE_LEN ((size_t)1 << 20)
#ifndef T_FUSE_COPY_64
#define T_FUSE_COPY_64 53 /* FUSE_COPY_FILE_RANGE_64, Linux 6.18 */
#endif

enum { T_FUSE_ROOT = 1, T_FUSE_IN, T_FUSE_OUT };

/* Shared with the server. */
struct t_fuse {
	int copy_says;                     /* the answer to copy_file_range(2): 0: copies; 1: returns 0; or -errno */
	int copy_from;                     /* from which request on it answers so; it copies before that */
	int read_says, write_says;         /* 0: moves bytes; or -errno */
	uint32_t poll_says;                /* the answer to poll(2), POLLIN and so on; 0: it is not known */
	int copies, reads, writes;         /* numbers of requests */
	uint64_t copied;                   /* bytes that the server has copied itself */
	uint64_t size[4];
	unsigned char bytes[4][T_FUSE_LEN];
};

static inline void t_fuse_attr(const struct t_fuse *fuse, uint64_t node, struct fuse_attr *attr)
{
	attr->ino = node;
	attr->mode = node == T_FUSE_ROOT ? S_IFDIR | 0755 : S_IFREG | 0666;
	attr->nlink = 1;
	attr->blksize = 4096;
	attr->size = node == T_FUSE_ROOT ? 0 : fuse->size[node];
	attr->blocks = (attr->size + 511) / 512;
}

/* copy_file_range(2) by the server. */
static inline int64_t t_fuse_copy(struct t_fuse *fuse, uint64_t from, const struct fuse_copy_file_range_in *in)
{
	uint64_t len = in->len, size = fuse->size[from];
	int request = ++fuse->copies;

	if (fuse->copy_says && request >= fuse->copy_from)
		return fuse->copy_says == 1 ? 0 : fuse->copy_says;
	len = in->off_in >= size ? 0 : len < size - in->off_in ? len : size - in->off_in;
	len = len < T_FUSE_LEN / 4 ? len : T_FUSE_LEN / 4; /* a little at a time */
	if (in->off_out + len > T_FUSE_LEN)
		return -ENOSPC;
	memcpy(fuse->bytes[in->nodeid_out] + in->off_out, fuse->bytes[from] + in->off_in, len);
	if (in->off_out + len > fuse->size[in->nodeid_out])
		fuse->size[in->nodeid_out] = in->off_out + len;
	fuse->copied += len;
	return (int64_t)len;
}

/* Answers one request: returns how long the answer's body is, or -errno. */
static inline int64_t t_fuse_answer(struct t_fuse *fuse, const struct fuse_in_header *request, const void *arg,
				    unsigned char *body)
{
	uint64_t node = request->nodeid;

	switch (request->opcode) {
	case FUSE_INIT: {
		struct fuse_init_out *out = (void *)body;

		out->major = FUSE_KERNEL_VERSION;
		out->minor = ((const struct fuse_init_in *)arg)->minor;
		out->max_readahead = 65536;
		out->max_write = 65536;
		return sizeof *out;
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out *out = (void *)body;

		node = strcmp(arg, "in") == 0 ? T_FUSE_IN : strcmp(arg, "out") == 0 ? T_FUSE_OUT : 0;
		if (node == 0)
			return -ENOENT;
		out->nodeid = node;
		t_fuse_attr(fuse, node, &out->attr);
		return sizeof *out;
	}
	case FUSE_GETATTR:
	case FUSE_SETATTR: {
		struct fuse_attr_out *out = (void *)body;
		const struct fuse_setattr_in *in = arg;

		if (request->opcode == FUSE_SETATTR && in->valid & FATTR_SIZE)
			fuse->size[node] = in->size;
		t_fuse_attr(fuse, node, &out->attr);
		return sizeof *out;
	}
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		return sizeof(struct fuse_open_out);
	case FUSE_READ: {
		const struct fuse_read_in *in = arg;
		uint64_t size = fuse->size[node], len;

		fuse->reads++;
		if (fuse->read_says)
			return fuse->read_says;
		len = in->offset >= size ? 0 : in->size < size - in->offset ? in->size : size - in->offset;
		memcpy(body, fuse->bytes[node] + in->offset, len);
		return (int64_t)len;
	}
	case FUSE_WRITE: {
		const struct fuse_write_in *in = arg;
		struct fuse_write_out *out = (void *)body;

		fuse->writes++;
		if (fuse->write_says)
			return fuse->write_says;
		if (in->offset + in->size > T_FUSE_LEN)
			return -ENOSPC;
		memcpy(fuse->bytes[node] + in->offset, in + 1, in->size);
		if (in->offset + in->size > fuse->size[node])
			fuse->size[node] = in->offset + in->size;
		out->size = in->size;
		return sizeof *out;
	}
	case FUSE_COPY_FILE_RANGE:
	case T_FUSE_COPY_64: {
		int64_t copied = t_fuse_copy(fuse, node, arg);

		if (copied < 0)
			return copied;
		if (request->opcode == FUSE_COPY_FILE_RANGE)
			((struct fuse_write_out *)(void *)body)->size = (uint32_t)copied;
		else
			memcpy(body, &copied, sizeof copied);
		return 8;
	}
	case FUSE_POLL:
		if (!fuse->poll_says)
			return -ENOSYS;
		((struct fuse_poll_out *)(void *)body)->revents = fuse->poll_says;
		return sizeof(struct fuse_poll_out);
	case FUSE_FLUSH:
	case FUSE_FSYNC:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_ACCESS:
		return 0;
	default:
		return -ENOSYS;
	}
}

static inline void t_fuse_serve(int fd, struct t_fuse *fuse)
{
	static _Alignas(16) unsigned char request[1 << 18], answer[1 << 18];

	for (;;) {
		const struct fuse_in_header *in = (const void *)request;
		struct fuse_out_header *out = (void *)answer;
		ssize_t n = read(fd, request, sizeof request);
		int64_t body;

		if (n < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (n < (ssize_t)sizeof *in)
			_exit(0);
		if (in->opcode == FUSE_FORGET || in->opcode == FUSE_BATCH_FORGET || in->opcode == FUSE_INTERRUPT)
			continue;
		memset(answer, 0, 256);
		body = t_fuse_answer(fuse, in, in + 1, answer + sizeof *out);
		out->unique = in->unique;
		out->error = body < 0 ? (int)body : 0;
		out->len = (uint32_t)(sizeof *out + (body > 0 ? (size_t)body : 0));
		if (write(fd, answer, out->len) < 0 && errno != ENOENT && errno != EINTR)
			_exit(0);
	}
}

/* Mounts it at the new folder "fuse"; "in" holds 1 MiB of the pattern, "out" nothing. */
static inline struct t_fuse *t_fuse(void)
{
	struct t_fuse *fuse = mmap(NULL, sizeof *fuse, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[96];
	pid_t server;

	MUST(fuse != MAP_FAILED);
	if (fd < 0)
		t_skip("there is no /dev/fuse here");
	MUST(mkdir("fuse", 0700) == 0);
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
	if (mount("t", "fuse", "fuse", 0, options) != 0)
		t_skip("fuse cannot be mounted here");
	t_pattern(fuse->bytes[T_FUSE_IN], T_FUSE_LEN, 0);
	fuse->size[T_FUSE_IN] = T_FUSE_LEN;
	MUST((server = fork()) >= 0);
	if (server == 0) {
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		t_fuse_serve(fd, fuse);
	}
	MUST(close(fd) == 0);
	return fuse;
}

/* Resets both files and all counts, and opens the files. */
static inline void t_fuse_open(struct t_fuse *fuse, int *in, int *out)
{
	fuse->copy_says = fuse->copy_from = fuse->read_says = fuse->write_says = 0;
	MUST((*out = open("fuse/out", O_RDWR)) >= 0 && ftruncate(*out, 0) == 0);
	MUST((*in = open("fuse/in", O_RDONLY)) >= 0);
	memset(fuse->bytes[T_FUSE_OUT], 0, T_FUSE_LEN);
	/* Or the next read would be served from the page cache. */
	MUST(posix_fadvise(*in, 0, 0, POSIX_FADV_DONTNEED) == 0);
	fuse->copies = fuse->reads = fuse->writes = 0;
	fuse->copied = 0;
}

#endif
