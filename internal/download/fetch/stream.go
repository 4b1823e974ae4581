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
	timer  *time.Timer // runs during a read
	cancel context.CancelCauseFunc
	ctx    context.Context
}

func newWatchdog(body io.ReadCloser, idle time.Duration, cancel context.CancelCauseFunc, ctx context.Context) *watchdog {
	w := &watchdog{body: body, idle: idle, cancel: cancel, ctx: ctx}
	w.timer = time.AfterFunc(idle, func() { cancel(fmt.Errorf("nothing arrived for %s", idle)) })
	w.timer.Stop()
	return w
}

func (w *watchdog) Read(p []byte) (int, error) {
	w.timer.Reset(w.idle)
	n, err := w.body.Read(p)
	w.timer.Stop()
	if err != nil && err != io.EOF {
		if cause := context.Cause(w.ctx); cause != nil {
			err = cause
		}
	}
	return n, err
}

func (w *watchdog) Close() error {
	err := w.body.Close()
	w.cancel(nil)
	return err
}
