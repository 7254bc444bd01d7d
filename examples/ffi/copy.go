// SPDX-License-Identifier: MIT OR Apache-2.0

// Copies a file through cgo: go build copy.go && ./copy INPUT OUTPUT [MOST]. More than MOST bytes are an error.
package main

/*
#cgo pkg-config: zsplice
#include <zsplice.h>

int goProgress(void *context, void *soFar);

// Made in C, since memory of Go that is passed to C may hold no pointer to other memory of Go.
static int64_t copyFd(int in, int out, int cancel, uintptr_t context, struct zs_result *result)
{
	struct zs_options options = ZS_OPTIONS_INIT;

	options.flags = ZS_CANCEL_FD;
	options.cancel_fd = cancel;
	options.progress = (int (*)(void *, const struct zs_result *))goProgress;
	options.context = (void *)context;
	return zs_copy(in, NULL, out, NULL, ZS_TO_END, &options, result);
}
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/cgo"
	"strconv"
	"syscall"
	"unsafe"
)

type transfer struct {
	progress func(soFar uint64) error
	err      error
	panicked any
}

//export goProgress
func goProgress(context, soFar unsafe.Pointer) (stop C.int) {
	t := cgo.Handle(context).Value().(*transfer)
	defer func() {
		if t.panicked = recover(); t.panicked != nil || t.err != nil {
			stop = 1
		}
	}()
	t.err = t.progress(uint64((*C.struct_zs_result)(soFar).bytes))
	return 0
}

// Copy copies all of source. It fails with the error of progress or ctx, or with a syscall.Errno.
func Copy(ctx context.Context, target, source *os.File, progress func(soFar uint64) error) (
	result C.struct_zs_result, err error) {
	t := &transfer{progress: progress}
	handle := cgo.NewHandle(t)
	defer handle.Delete()
	cancel, canceller, err := os.Pipe()
	if err != nil {
		return result, err
	}
	defer cancel.Close()
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-ctx.Done():
		case <-done:
		}
		canceller.Close() // Now cancel is readable.
	}()
	err = withFd(source, func(in C.int) error {
		return withFd(target, func(out C.int) error {
			return withFd(cancel, func(cancel C.int) error {
				// The second value is errno, if the call has set it.
				_, err := C.copyFd(in, out, cancel, C.uintptr_t(handle), &result)
				return err
			})
		})
	})
	if t.panicked != nil {
		panic(t.panicked)
	} else if t.err != nil {
		err = t.err
	} else if errors.Is(err, syscall.ECANCELED) {
		err = ctx.Err()
	}
	return result, err
}

// withFd calls f with the descriptor, which nobody closes meanwhile. (file.Fd would make it blocking.)
func withFd(file *os.File, f func(fd C.int) error) (err error) {
	connection, err := file.SyscallConn()
	if err != nil {
		return err
	}
	failure := connection.Control(func(fd uintptr) { err = f(C.int(fd)) })
	if failure != nil {
		return failure
	}
	return err
}

func run(input, output string, most uint64) error {
	source, err := os.Open(input)
	if err != nil {
		return err
	}
	target, err := os.Create(output)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	result, err := Copy(ctx, target, source, func(soFar uint64) error {
		fmt.Fprintln(os.Stderr, soFar, "bytes so far")
		if soFar > most {
			return fmt.Errorf("more than %d bytes", most)
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Println("errno is unchanged") // Otherwise it would have been the error.
	var names [100]C.char
	C.zs_via_names(result.via, &names[0], C.size_t(len(names)))
	fmt.Println(result.bytes, "bytes by", C.GoString(&names[0]))
	return target.Close()
}

func main() {
	most := ^uint64(0)
	if len(os.Args) > 3 {
		most, _ = strconv.ParseUint(os.Args[3], 10, 64)
	}
	err := run(os.Args[1], os.Args[2], most)
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "interrupted")
		os.Exit(130)
	} else if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
