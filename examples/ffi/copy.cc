// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Copies a file in C++: c++ -std=c++17 copy.cc $(pkg-config --cflags --libs zsplice) && ./a.out INPUT OUTPUT [MOST].
// More than MOST bytes are an error.
#include <zsplice.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

/// A descriptor that closes itself.
class Descriptor {
public:
	/// Throws std::system_error if `fd` is -1.
	Descriptor(int fd, const std::string &what) : fd(fd)
	{
		if (fd == -1)
			throw std::system_error(errno, std::generic_category(), what);
	}
	Descriptor(const Descriptor &) = delete;
	Descriptor &operator=(const Descriptor &) = delete;
	~Descriptor() { close(fd); }
	operator int() const { return fd; }

private:
	int fd;
};

/// Throws std::system_error, with the result's `error` as a std::errc. An exception of `progress` ends the copy and
/// is thrown here: it must not pass through the library.
zs_result copy(int source, int target, int cancel, const std::function<void(uint64_t)> &progress)
{
	struct Watcher {
		const std::function<void(uint64_t)> &progress;
		std::exception_ptr thrown;
	} watcher{progress, nullptr};

	zs_options options = ZS_OPTIONS_INIT;
	zs_result result;

	options.flags = ZS_CANCEL_FD;
	options.cancel_fd = cancel;
	options.context = &watcher;
	options.progress = [](void *context, const zs_result *so_far) -> int {
		auto &watcher = *static_cast<Watcher *>(context);

		try {
			watcher.progress(so_far->bytes);
			return 0;
		} catch (...) {
			watcher.thrown = std::current_exception();
			return 1;
		}
	};
	if (zs_copy(source, nullptr, target, nullptr, ZS_TO_END, &options, &result) == -1) {
		if (watcher.thrown)
			std::rethrow_exception(watcher.thrown);
		throw std::system_error(result.error, std::generic_category(), "zs_copy");
	}
	return result;
}

static int interrupt;

int main(int argc, char **argv)
try {
	const uint64_t most = argc > 3 ? std::stoull(argv[3]) : ZS_TO_END;
	const Descriptor source(open(argv[1], O_RDONLY | O_CLOEXEC), argv[1]);
	const Descriptor target(open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), argv[2]);
	const Descriptor cancel(eventfd(0, EFD_CLOEXEC), "eventfd");

	interrupt = cancel;
	std::signal(SIGINT, [](int) { eventfd_write(interrupt, 1); });
	errno = 77;
	const zs_result result = copy(source, target, cancel, [most](uint64_t so_far) {
		std::cerr << so_far << " bytes so far\n";
		if (so_far > most)
			throw std::range_error("more than " + std::to_string(most) + " bytes");
	});
	std::cout << "errno is " << (errno == 77 ? "unchanged" : "changed") << "\n";
	char names[100];
	zs_via_names(result.via, names, sizeof(names));
	std::cout << result.bytes << " bytes by " << names << "\n";
} catch (const std::system_error &error) {
	const bool interrupted = error.code() == std::errc::operation_canceled;

	std::cerr << (interrupted ? "interrupted" : error.what()) << "\n";
	return interrupted ? 130 : 1;
} catch (const std::exception &error) {
	std::cerr << error.what() << "\n";
	return 1;
}
