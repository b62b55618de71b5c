package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sort"
	"strings"
	"sync"
)

// asked is one connection from the client, whose peer says nothing before it has been asked.
type asked struct {
	conn
	once  sync.Once
	heard chan struct{}
}

func (c *asked) Read(p []byte) (int, error) {
	<-c.heard
	return c.conn.Read(p)
}

func (c *asked) Write(p []byte) (int, error) {
	c.once.Do(func() { close(c.heard) })
	return len(p), nil
}

func (c *asked) Close() error {
	c.once.Do(func() { close(c.heard) })
	return nil
}

// ask tells what Go's client reads as the answer to one request on each connection. An input begins with the letter of
// the request's method, G or H. An answer is its status, its body and its fields in hexadecimal digits, and "whole" or
// "broken" for the body; a refusal is an empty line.
func ask(inputs [][]byte) []string {
	log.SetOutput(io.Discard)
	answers := make([]string, len(inputs))
	for i, input := range inputs {
		method := http.MethodGet
		if input[0] == 'H' {
			method = http.MethodHead
		}
		answers[i] = answer(method, input[1:])
	}
	return answers
}

func answer(method string, input []byte) string {
	transport := &http.Transport{
		DisableCompression: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return &asked{conn: conn{input: bytes.NewReader(input)}, heard: make(chan struct{})}, nil
		},
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequest(method, "http://docker/", nil)
	if err != nil {
		log.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	state := "whole"
	if err != nil {
		state = "broken"
	}
	var fields []string
	for name, values := range response.Header {
		for _, value := range values {
			fields = append(fields, strings.ToLower(name)+":"+value+"\n")
		}
	}
	// Stable, so that the values of one name keep their order.
	sort.SliceStable(fields, func(i, j int) bool { return name(fields[i]) < name(fields[j]) })
	return fmt.Sprintf("%d %x %x %s", response.StatusCode, body, strings.Join(fields, ""), state)
}

func name(field string) string {
	name, _, _ := strings.Cut(field, ":")
	return name
}
