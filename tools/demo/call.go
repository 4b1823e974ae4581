package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// timeout is how long the app may take to answer: under emulation the start of
// Node.js alone takes several seconds.
const timeout = 90 * time.Second

const want = "Hello World!"

// call starts a container of the image, sends it one request and removes it.
func call(ctx context.Context, log io.Writer, image string, platform targets.Target) (string, error) {
	id, err := step.Output(ctx, nil, "docker", "run", "--detach", "--platform", platform.String(),
		"--read-only", "--publish", "127.0.0.1::3000", image)
	if err != nil {
		return "", err
	}
	id = lastLine(id)
	defer step.Run(context.WithoutCancel(ctx), nil, nil, "docker", "rm", "--force", id)
	address, err := step.Output(ctx, nil, "docker", "port", id, "3000/tcp")
	if err != nil {
		return "", err
	}
	var answer string
	err = step.Do(log, "waiting for http://"+lastLine(address), func() error {
		answer, err = ask(ctx, id, "http://"+lastLine(address))
		return err
	})
	if err == nil && answer != want {
		err = fmt.Errorf("the app answered %q, want %q", answer, want)
	}
	return answer, err
}

// ask retries until the app answers, the container ends or the timeout is over.
func ask(ctx context.Context, id, url string) (string, error) {
	answer, err := askUntil(ctx, url, func() bool {
		running, err := step.Output(ctx, nil, "docker", "inspect", "--format", "{{.State.Running}}", id)
		return err != nil || running == "true"
	})
	if err != nil && ctx.Err() == nil {
		logs, _ := step.Output(ctx, nil, "docker", "logs", id)
		return "", fmt.Errorf("%w\nits log:\n%s", err, logs)
	}
	return answer, err
}

// askUntil retries until the app answers, it ends or the timeout is over.
func askUntil(ctx context.Context, url string, runs func() bool) (string, error) {
	deadline := time.Now().Add(timeout)
	for {
		answer, err := get(ctx, url)
		if err == nil {
			return answer, nil
		}
		if !runs() || time.Now().After(deadline) {
			return "", fmt.Errorf("the app did not answer: %w", err)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %s", response.Status)
	}
	return string(body), err
}

// made is a row of the demo's table.
type made struct {
	image    string // name or digest
	platform string
	size     int64 // bytes
	layers   int
	seconds  float64 // of the build
	answer   string
}

// ofEngine reads an image's facts from the Docker engine.
func ofEngine(ctx context.Context, image string) (made, error) {
	m := made{image: image}
	format := `{{.Os}}/{{.Architecture}} {{.Size}} {{len .RootFS.Layers}}`
	facts, err := step.Output(ctx, nil, "docker", "image", "inspect", "--format", format, image)
	if err != nil {
		return m, err
	}
	if _, err := fmt.Sscan(facts, &m.platform, &m.size, &m.layers); err != nil {
		return m, fmt.Errorf("reading what docker says of %s (%q): %w", image, facts, err)
	}
	return m, nil
}

func (m made) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nimage\t%s\n", m.image)
	fmt.Fprintf(w, "platform\t%s\n", m.platform)
	fmt.Fprintf(w, "size\t%.1f MB, base included, uncompressed\n", float64(m.size)/1e6)
	fmt.Fprintf(w, "layers\t%d\n", m.layers)
	fmt.Fprintf(w, "build time\t%.1f s\n", m.seconds)
	fmt.Fprintf(w, "answer\t%s\n", m.answer)
	return w.Flush()
}

func lastLine(text string) string {
	lines := strings.Split(text, "\n")
	return lines[len(lines)-1]
}
