// io.Copy from standard input to standard output; given "generic", through interfaces that hide
// the files, so that the library copies through a buffer.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
package main

import (
	"io"
	"log"
	"os"
)

func main() {
	var err error
	if len(os.Args) > 1 && os.Args[1] == "generic" {
		_, err = io.Copy(struct{ io.Writer }{os.Stdout}, struct{ io.Reader }{os.Stdin})
	} else {
		_, err = io.Copy(os.Stdout, os.Stdin)
	}
	if err != nil {
		log.Fatal(err)
	}
}
