package rules

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Redirect is a rule of a file _redirects.
type Redirect struct {
	From   Pattern           `json:"from"`
	Query  map[string]string `json:"query,omitempty"` // wanted parameters: a value, or :NAME for any
	To     string            `json:"to"`              // a path or an address, with placeholders
	Status int               `json:"status"`
	Force  bool              `json:"force,omitempty"` // it goes before a file of that path
}

// IsRewrite reports whether the rule answers with a file instead of a redirect.
func (r Redirect) IsRewrite() bool { return r.Status < 300 || r.Status >= 400 }

// Match returns where the rule leads for a path and a query without its question
// mark. The query goes along, unless the target has one.
func (r Redirect) Match(path, query string) (to string, ok bool) {
	values, ok := r.From.Match(path)
	if !ok {
		return "", false
	}
	if len(r.Query) > 0 {
		got, err := url.ParseQuery(query)
		if err != nil {
			return "", false
		}
		for name, want := range r.Query {
			value := got.Get(name)
			if placeholder, isPlaceholder := strings.CutPrefix(want, ":"); isPlaceholder && got.Has(name) {
				values = with(values, placeholder, value)
			} else if value != want || !got.Has(name) {
				return "", false
			}
		}
		query = ""
	}
	if r.IsRewrite() {
		return fill(r.To, values), true
	}
	to = fill(r.To, escaped(values))
	if strings.HasPrefix(to, "//") && !strings.HasPrefix(r.To, "//") {
		to = "/" + strings.TrimLeft(to, "/") // a splat must not name another host
	}
	target, fragment, hasFragment := strings.Cut(to, "#")
	if query != "" && !strings.Contains(target, "?") {
		target += "?" + query
	}
	if hasFragment {
		target += "#" + fragment
	}
	return target, true
}

// escaped are values as they stand in an address.
func escaped(values map[string]string) map[string]string {
	all := make(map[string]string, len(values))
	for name, value := range values {
		if name == splat {
			parts := strings.Split(value, "/")
			for i := range parts {
				parts[i] = url.PathEscape(parts[i])
			}
			all[name] = strings.Join(parts, "/")
			continue
		}
		all[name] = url.PathEscape(value)
	}
	return all
}

// statuses are those that a rule can give.
var statuses = []int{200, 301, 302, 303, 307, 308, 404, 410}

// defaultStatus is that of a rule without one, as Netlify has it.
const defaultStatus = 301

// ParseRedirects reads a file _redirects: "FROM [NAME=VALUE…] TO [STATUS[!]]" in
// each line. It returns what is wrong with the lines that it passes over. A
// condition on roles is an error: without it, everybody has what it guards.
func ParseRedirects(text string) (all []Redirect, ignored []Ignored, err error) {
	for number, line := range lines(text) {
		rule, why := parseRedirect(strings.Fields(line))
		if why == guarded {
			return nil, nil, &UnsafeError{Line: number, Why: "the condition Role= lets only some users in, and this server has no users"}
		}
		if why != "" {
			ignored = append(ignored, Ignored{Line: number, Why: why})
			continue
		}
		all = append(all, rule)
	}
	return all, ignored, nil
}

// guarded says that a rule has a condition on roles.
const guarded = "guarded"

func parseRedirect(words []string) (r Redirect, why string) {
	if at := slices.IndexFunc(words, func(word string) bool { return strings.HasPrefix(word, "#") }); at >= 0 {
		words = words[:at]
	}
	if slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, "Role=") }) {
		return r, guarded
	}
	if len(words) < 2 {
		return r, "want a path and where it leads"
	}
	r = Redirect{From: Pattern(words[0]), Status: defaultStatus}
	if why := r.From.check(); why != "" {
		return r, why
	}
	words = words[1:]
	for len(words) > 0 && !isTarget(words[0]) {
		name, value, ok := strings.Cut(words[0], "=")
		if !ok {
			return r, fmt.Sprintf("%q is neither NAME=VALUE nor a path or an address", words[0])
		}
		if r.Query == nil {
			r.Query = map[string]string{}
		}
		r.Query[name] = value
		words = words[1:]
	}
	if len(words) == 0 {
		return r, "it leads nowhere: want a path or an address"
	}
	r.To = words[0]
	if len(words) > 1 {
		status, force := strings.CutSuffix(words[1], "!")
		number, err := strconv.Atoi(status)
		if err != nil || !slices.Contains(statuses, number) {
			return r, fmt.Sprintf("%q is no status that this server gives: want one of %s", words[1], join(statuses))
		}
		r.Status, r.Force = number, force
	}
	if len(words) > 2 {
		return r, fmt.Sprintf("it has a condition, %q, which this server cannot check", words[2])
	}
	if r.IsRewrite() && !strings.HasPrefix(r.To, "/") {
		return r, "this server is no proxy: it does not fetch " + r.To
	}
	return r, ""
}

func isTarget(word string) bool {
	return strings.HasPrefix(word, "/") || strings.HasPrefix(word, "http://") || strings.HasPrefix(word, "https://")
}

func join(numbers []int) string {
	words := make([]string, len(numbers))
	for i, number := range numbers {
		words[i] = strconv.Itoa(number)
	}
	return strings.Join(words, ", ")
}
