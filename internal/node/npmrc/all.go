package npmrc

import "maps"

// All returns the settings of all sources, each from the first that has it.
func (c *Config) All() map[string]string {
	all := map[string]string{}
	for i := len(c.layers) - 1; i >= 0; i-- {
		maps.Copy(all, c.layers[i])
	}
	return all
}
