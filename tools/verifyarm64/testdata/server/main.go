// Command server answers on port 3000 with whom it runs as and where.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "ending as told")
		os.Exit(7)
	}
	dir, err := os.Getwd()
	if err != nil {
		dir = err.Error()
	}
	fmt.Println("listening")
	err = http.ListenAndServe(":3000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello World! %s: uid=%d gid=%d dir=%s greeting=%s home=%s", r.URL.Path, os.Getuid(), os.Getgid(), dir, os.Getenv("GREETING"), os.Getenv("HOME"))
	}))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
