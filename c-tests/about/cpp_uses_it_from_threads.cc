/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// From C++17, with std::thread and no cast at all: four threads, each through a pipe of its own.
#include <zsplice.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

static std::atomic<int> failures{0};

#define OK(condition) \
	((condition) ? void() \
		     : void((++failures, std::fprintf(stderr, "%s:%d: false: %s\n", __FILE__, __LINE__, \
						      #condition))))

static void transfer(int number)
{
	const std::string text(100000, static_cast<char>('a' + number));
	std::string read_back(text.size(), '?');
	char name[] = "t-XXXXXX";
	int fds[2], file = mkstemp(name);
	zs_result result;

	OK(file >= 0 && unlink(name) == 0 && pipe(fds) == 0);
	std::thread writer([&] {
		std::size_t done = 0;

		while (done < text.size()) {
			ssize_t n = write(fds[1], text.data() + done, text.size() - done);

			if (n <= 0)
				std::abort();
			done += static_cast<std::size_t>(n);
		}
		close(fds[1]);
	});
	errno = 100 + number;
	OK(zs_splice_full(fds[0], nullptr, file, nullptr, ZS_TO_END, 0, &result) == 100000);
	OK(errno == 100 + number);
	writer.join();
	OK(result.bytes == text.size() && result.via == ZS_VIA_SPLICE && result.error == 0);
	std::int64_t off = 0;
	int to = open("/dev/null", O_WRONLY);
	OK(zs_sendfile_full(to, file, &off, ZS_TO_END, 0, nullptr) == 100000 && off == 100000);
	OK(pread(file, &read_back[0], read_back.size(), 0) == 100000 && read_back == text);
	OK(zs_splice_full(-1, nullptr, file, nullptr, 1, 0, &result) == -1 && errno == EBADF);
	OK(result.side == ZS_SIDE_CALL);
	close(to);
	close(fds[0]);
	close(file);
}

int main()
{
	std::vector<std::thread> threads;

	alarm(20);
	for (int i = 0; i < 4; i++)
		threads.emplace_back(transfer, i);
	for (std::thread &thread : threads)
		thread.join();
	OK(zs_version() == ZS_VERSION && std::string(zs_via_name(ZS_VIA_SPLICE)) == "splice");
	return failures != 0;
}
