// io.Copy from standard input to standard output; given "generic", as between readers and writers
// of which the library knows nothing.
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
