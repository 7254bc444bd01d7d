// A proxy by io.Copy. Arguments: the address to listen at and that of the server.
//
// SPDX-License-Identifier: MIT OR Apache-2.0
package main

import (
	"io"
	"log"
	"net"
	"os"
)

func pass(to, from *net.TCPConn) {
	io.Copy(to, from)
	to.CloseWrite()
}

func serve(client *net.TCPConn) {
	server, err := net.Dial("tcp", os.Args[2])
	if err != nil {
		client.Close()
		return
	}
	done := make(chan bool)
	go func() {
		pass(client, server.(*net.TCPConn))
		done <- true
	}()
	pass(server.(*net.TCPConn), client)
	<-done
	client.Close()
	server.Close()
}

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(client.(*net.TCPConn))
	}
}
