// gohttp tells what Go's net/http reads in the bytes of connections: "gohttp server" as the engine would, and
// "gohttp client" as a client would. Each line of standard input is one connection, in hexadecimal digits, and each
// line of output is what was read there.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"log"
	"net"
	"os"
	"time"
)

// conn is one connection whose peer has sent everything and half-closed.
type conn struct {
	input *bytes.Reader
}

func (c *conn) Read(p []byte) (int, error)       { return c.input.Read(p) }
func (c *conn) Write(p []byte) (int, error)      { return len(p), nil }
func (c *conn) Close() error                     { return nil }
func (c *conn) LocalAddr() net.Addr              { return &net.UnixAddr{Name: "here", Net: "unix"} }
func (c *conn) RemoteAddr() net.Addr             { return &net.UnixAddr{Name: "there", Net: "unix"} }
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

func main() {
	var inputs [][]byte
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		input, err := hex.DecodeString(lines.Text())
		if err != nil {
			log.Fatal(err)
		}
		inputs = append(inputs, input)
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
	read := map[string]func([][]byte) []string{"client": ask, "server": serve}[os.Args[1]]
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, line := range read(inputs) {
		fmt.Fprintln(out, line)
	}
}
