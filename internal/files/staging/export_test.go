//go:build linux

package staging

// PutWith is [Stage.Put] on a file system that exchanges names in another way.
func (s *Stage) PutWith(exchange func(a, b string) error, made, place string) error {
	return s.put(made, place, exchange)
}
