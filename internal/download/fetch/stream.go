package fetch

import (
	"context"
	"fmt"
	"io"
	"time"
)

// meter reports the bytes read, about every 256 KiB.
type meter struct {
	io.Reader
	report         func(done int64)
	done, reported int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.done += int64(n)
	if m.done-m.reported >= 256<<10 || err != nil {
		m.report(m.done)
		m.reported = m.done
	}
	return n, err
}

type writeFault struct {
	io.Writer
	err error
}

func (w *writeFault) Write(p []byte) (n int, err error) {
	n, w.err = w.Writer.Write(p)
	return n, w.err
}

// watchdog ends a download when one read takes too long. Only reads count, not
// the time that a slow disk takes for writes.
type watchdog struct {
	body   io.ReadCloser
	idle   time.Duration
	cancel context.CancelCauseFunc
	ctx    context.Context
}

func (w *watchdog) Read(p []byte) (int, error) {
	timer := time.AfterFunc(w.idle, func() { w.cancel(fmt.Errorf("nothing arrived for %s", w.idle)) })
	n, err := w.body.Read(p)
	timer.Stop()
	if cause := context.Cause(w.ctx); cause != nil {
		err = cause
	}
	return n, err
}

func (w *watchdog) Close() error {
	defer w.cancel(nil)
	return w.body.Close()
}
