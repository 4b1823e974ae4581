package server

import (
	"io"
	"net"
	"time"
)

// WriteTimeout is the usual limit of [Bound].
const WriteTimeout = 60 * time.Second

// maxWrite is the maximal number of bytes that one limit is for.
const maxWrite = 256 << 10

// Bound returns a listener whose connections end if a client does not take 256 KiB
// within a limit of time: a limit for a whole answer would end slow downloads.
func Bound(listener net.Listener, limit time.Duration) net.Listener {
	return boundListener{listener, limit}
}

type boundListener struct {
	net.Listener
	limit time.Duration
}

func (l boundListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return boundConn{connection, l.limit}, nil
}

type boundConn struct {
	net.Conn
	limit time.Duration
}

func (c boundConn) Write(data []byte) (written int, err error) {
	for {
		if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(data[written:min(len(data), written+maxWrite)])
		if written += n; err != nil || written == len(data) {
			return written, err
		}
	}
}

// ReadFrom lets the kernel copy from a file.
func (c boundConn) ReadFrom(source io.Reader) (read int64, err error) {
	to, ok := c.Conn.(io.ReaderFrom)
	limited, isLimited := source.(*io.LimitedReader)
	if !ok || !isLimited {
		return io.Copy(struct{ io.Writer }{c}, source)
	}
	for {
		if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
			return read, err
		}
		n, err := to.ReadFrom(&io.LimitedReader{R: limited.R, N: min(limited.N, maxWrite)})
		read, limited.N = read+n, limited.N-n
		if err != nil || n == 0 || limited.N == 0 {
			return read, err
		}
	}
}
