// Package healthprobe asks a server of this machine for a page, to find out whether
// it is well. It needs no shell and links no HTTP client, so that its program is
// small and starts fast.
package healthprobe

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Probe asks 127.0.0.1 at a port for a path (HTTP/1.1, RFC 9112). An answer with a
// status from 200 to 399 within the timeout is nil; anything else is an error that
// says what came.
func Probe(port, path string, timeout time.Duration) error {
	address := net.JoinHostPort("127.0.0.1", port)
	conn, err := net.DialTimeout("tcp", address, timeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: armature-healthcheck\r\nConnection: close\r\n\r\n", path, address); err != nil {
		return err
	}
	line, err := bufio.NewReaderSize(conn, maxLine).ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", address, err)
	}
	fields := strings.Fields(string(line))
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "HTTP/1.") {
		return fmt.Errorf("%s answers %q, which is no HTTP", address, line)
	}
	if status, err := strconv.Atoi(fields[1]); err != nil || status < 200 || status > 399 {
		return fmt.Errorf("%s%s answers with status %s, want one from 200 to 399", address, path, fields[1])
	}
	return nil
}

// maxLine is the maximal length of a status line in bytes.
const maxLine = 4 << 10

// IsPath reports whether a text can be asked for: a path with an optional query,
// without spaces and control characters.
func IsPath(text string) bool {
	return strings.HasPrefix(text, "/") && len(text) < 2000 && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
