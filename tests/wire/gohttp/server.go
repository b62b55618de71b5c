package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
)

// served is one connection to the server, and what it saw there.
type served struct {
	conn
	seen []string
	done chan struct{}
}

type listener chan *served

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
	c := r.Context().Value(connKey{}).(*served)
	c.seen = append(c.seen, fmt.Sprintf("%x %x %x %s", r.Method, r.RequestURI, body, state))
}

// serve tells which requests Go's server sees in each connection's bytes: what the engine would see. They are
// separated by tabs: method, target and body in hexadecimal, and "whole" or "broken" for the body, separated by spaces.
func serve(inputs [][]byte) []string {
	connections := make(listener)
	server := &http.Server{
		Handler:  http.HandlerFunc(see),
		ErrorLog: log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				close(c.(*served).done)
			}
		},
	}
	go server.Serve(connections)

	// After a refusal the server waits half a second before it closes, so many are served at once.
	atOnce := make(chan struct{}, 4096)
	var all []*served
	for _, input := range inputs {
		c := &served{conn: conn{input: bytes.NewReader(input)}, done: make(chan struct{})}
		all = append(all, c)
		atOnce <- struct{}{}
		connections <- c
		go func() {
			<-c.done
			<-atOnce
		}()
	}
	var answers []string
	for _, c := range all {
		<-c.done
		answers = append(answers, strings.Join(c.seen, "\t"))
	}
	return answers
}
