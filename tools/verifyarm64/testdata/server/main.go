// Command server answers on port 3000 with whom it runs as and where, and with
// what lies in /probe. With the argument "end" it ends at once; with "exec" and
// a path it becomes that program.
package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
)

func main() {
	if len(os.Args) > 1 {
		end(os.Args[1:])
	}
	fmt.Println("listening")
	fmt.Fprintln(os.Stderr, http.ListenAndServe(":3000", http.HandlerFunc(answer)))
	os.Exit(1)
}

func end(args []string) {
	if args[0] == "exec" {
		fmt.Fprintln(os.Stderr, args[1]+":", syscall.Exec(args[1], args[1:], os.Environ()))
		os.Exit(126)
	}
	fmt.Fprintln(os.Stderr, "ending as told")
	os.Exit(7)
}

func answer(w http.ResponseWriter, r *http.Request) {
	dir, err := os.Getwd()
	if err != nil {
		dir = err.Error()
	}
	fmt.Fprintf(w, "Hello World! %s: uid=%d gid=%d dir=%s greeting=%s home=%s\n",
		r.URL.Path, os.Getuid(), os.Getgid(), dir, os.Getenv("GREETING"), os.Getenv("HOME"))
	err = filepath.WalkDir("/probe", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat syscall.Stat_t
		if err := syscall.Lstat(path, &stat); err != nil {
			return err
		}
		content := []byte{}
		switch {
		case d.Type() == fs.ModeSymlink:
			link, _ := os.Readlink(path)
			content = []byte(link)
		case d.Type().IsRegular():
			content, _ = os.ReadFile(path)
		}
		_, err = fmt.Fprintf(w, "%s %o %d:%d %d %s\n", path, stat.Mode, stat.Uid, stat.Gid, stat.Nlink, content)
		return err
	})
	if err != nil {
		fmt.Fprintln(w, err)
	}
}
