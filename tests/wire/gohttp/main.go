// gohttp tells which requests Go's net/http server sees in a connection's bytes: what the engine would
// see. Each line of standard input is one connection, in hexadecimal. Each line of output is its
// requests, separated by tabs: method, target and body in hexadecimal, and "whole" or "broken" for the
// body, separated by spaces.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// conn is one connection whose peer has sent everything and half-closed.
type conn struct {
	input *bytes.Reader
	seen  []string
	done  chan struct{}
}

func (c *conn) Read(p []byte) (int, error)       { return c.input.Read(p) }
func (c *conn) Write(p []byte) (int, error)      { return len(p), nil }
func (c *conn) Close() error                     { return nil }
func (c *conn) LocalAddr() net.Addr              { return &net.UnixAddr{Name: "engine", Net: "unix"} }
func (c *conn) RemoteAddr() net.Addr             { return &net.UnixAddr{Name: "client", Net: "unix"} }
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

type listener chan *conn

func (l listener) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, io.EOF
}
func (l listener) Close() error   { return nil }
func (l listener) Addr() net.Addr { return &net.UnixAddr{Name: "engine", Net: "unix"} }

type connKey struct{}

func see(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	state := "whole"
	if err != nil {
		state = "broken"
	}
	c := r.Context().Value(connKey{}).(*conn)
	c.seen = append(c.seen, fmt.Sprintf("%x %x %x %s", r.Method, r.RequestURI, body, state))
}

func main() {
	connections := make(listener)
	server := &http.Server{
		Handler:  http.HandlerFunc(see),
		ErrorLog: log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				close(c.(*conn).done)
			}
		},
	}
	go server.Serve(connections)

	// After a refusal the server waits half a second before it closes, so many are served at once.
	atOnce := make(chan struct{}, 4096)
	var all []*conn
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		input, err := hex.DecodeString(lines.Text())
		if err != nil {
			log.Fatal(err)
		}
		c := &conn{input: bytes.NewReader(input), done: make(chan struct{})}
		all = append(all, c)
		atOnce <- struct{}{}
		connections <- c
		go func() {
			<-c.done
			<-atOnce
		}()
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, c := range all {
		<-c.done
		fmt.Fprintln(out, strings.Join(c.seen, "\t"))
	}
}
