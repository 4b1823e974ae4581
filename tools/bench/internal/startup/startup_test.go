package startup_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/tools/bench/internal/startup"
)

// TestMain makes this program one that is called as armature is and answers as
// an app does, when it is called so. With the image "broken" it ends at once.
func TestMain(m *testing.M) {
	if len(os.Args) < 3 || os.Args[1] != "run" {
		os.Exit(m.Run())
	}
	fmt.Println("arguments:", os.Args[1:])
	if os.Args[2] == "broken" {
		os.Exit(1)
	}
	status := http.StatusOK
	if slices.Contains(os.Args, "fails.js") {
		status = http.StatusInternalServerError
	}
	port := os.Args[slices.Index(os.Args, "--port")+1]
	fmt.Println(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })))
	os.Exit(1)
}

func TestAnswerWaitsForTheAppAndEndsIt(t *testing.T) {
	seconds, err := startup.Answer(t.Context(), os.Args[0], "/home", "app")
	if err != nil || seconds <= 0 {
		t.Errorf("got %v seconds, %v", seconds, err)
	}
}

func TestAnAppThatAnswersNothingGoodIsAnErrorWithWhatItSaid(t *testing.T) {
	for _, c := range []struct {
		image   string
		program []string
		want    []string
	}{
		{"broken", nil, []string{"the app did not answer", "arguments: [run broken --cache-dir /home --port"}},
		{"app", []string{"/bin/node", "fails.js"}, []string{"500", "--entrypoint /bin/node -- fails.js]"}},
	} {
		_, err := startup.Answer(t.Context(), os.Args[0], "/home", c.image, c.program...)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with %q", c.image, err, want)
			}
		}
	}
}
